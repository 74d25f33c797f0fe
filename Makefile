# What a newcomer types: make demo, make test.  The rest is for those who stay.
PYTHON ?= python3
DATA := $(or $(ROAD_CLARITY_DATA),$(wildcard ../shared/data))
BIN := .venv/bin
export ROAD_CLARITY_DATA := $(abspath $(DATA))
export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST

.PHONY: setup demo test lint bench config gallery accuracy safety soak clean

setup: .venv/.installed .venv/.messages service/gen/.made .venv/.exported

.venv/.installed: setup.py requirements-ros.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14) and f"PYTHON {sys.version.split()[0]}: use Python 3.10 to 3.13, as in make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements-ros.txt --editable '.[simulator,train,evaluate,fleet,onnx,openvino,test,lint]'
	@touch $@

.venv/.messages: .venv/.installed $(wildcard msgs/msg/* msgs/srv/* msgs/CMakeLists.txt msgs/package.xml msgs/cmake/*)
	msgs/build.sh .venv
	@$(BIN)/python -m road_clarity.nodes.ament_prefix
	@touch $@

# The networks in the way that is fastest here, if it agrees with torch (docs/export.md).
.venv/.exported: .venv/.installed .venv/.messages $(wildcard models/weights/*.safetensors)
	$(BIN)/road-clarity export edge
	@touch $@

service/gen/.made: .venv/.installed $(wildcard msgs/proto/road_clarity/v1/*.proto)
	$(BIN)/python -m road_clarity.service.generate
	@touch $@

# A clip that the repository renders itself, then a real one where there is any; or the SOURCE you name.
ifdef SOURCE
demo: setup
	@$(BIN)/road-clarity replay "$(SOURCE)" --out out/demo/yours
else
REAL := $(wildcard $(ROAD_CLARITY_DATA)/video/udacity/solidWhiteRight.mp4)
demo: setup out/demo/street.mp4
	@$(BIN)/road-clarity replay out/demo/street.mp4 --out out/demo/street
	@$(if $(REAL),$(BIN)/road-clarity replay $(REAL) --out out/demo/highway)
endif

out/demo/street.mp4: | setup
	@mkdir -p out/demo
	@$(BIN)/road-clarity simulate --scenario demo --out $@

test: setup
	$(BIN)/pytest

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint

bench: setup out/demo/street.mp4
	$(BIN)/road-clarity bench out/demo/street.mp4 --json out/bench.json

# Sheets of explanations in docs/, from simulated streets and the weights that ship.
gallery: setup
	$(BIN)/python -m road_clarity.evaluation.gallery

# docs/accuracy.md and the figures in the model cards, measured anew; PART=people for one part only.
accuracy: setup
	ROAD_CLARITY_EXPORTS=/nowhere $(BIN)/python -m road_clarity.evaluation.accuracy $(PART)   # in torch, as on any machine

# Parameter files are made from the settings dataclasses, launch files, layouts and the security policy from the tables of
# nodes and topics; tests hold them to it.
config: setup
	$(BIN)/python -m road_clarity.nodes.parameter_files
	$(BIN)/python -m road_clarity.nodes.launch_xml
	$(BIN)/python -m road_clarity.nodes.viewers
	$(BIN)/python -m road_clarity.nodes.sros2_policy

# Safety claims and the tests that hold them; a test holds the pages to it.
safety: setup
	$(BIN)/python -m road_clarity.evaluation.safety_case
	$(BIN)/python -m road_clarity.evaluation.fault_matrix

# Real processes, a camera at full rate, random faults from a seed, a quarter of an hour.
MINUTES ?= 15
SEED ?= 0
soak: setup
	@mkdir -p out
	$(BIN)/python -m road_clarity.nodes.soak --minutes $(MINUTES) --seed $(SEED) --json out/soak.json

clean:
	rm -rf .venv build install log out road_clarity.egg-info service/gen
