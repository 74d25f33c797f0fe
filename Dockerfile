# syntax=docker/dockerfile:1
# road_clarity on apt ROS 2 Jazzy, for x86-64 and arm64 (the official ROS image has both).  Not built yet: see docs/deploy.md.
#
#   docker build -t road_clarity .
#   docker run --rm --network host --ipc host road_clarity image_topic:=/my_camera/image_raw
#   docker build -t road_clarity:cpu --build-arg TORCH_INDEX=... .    smaller, without CUDA
#   docker run ... --gpus all road_clarity device:=cuda            on an NVIDIA GPU
#
# Jetson (docs/deploy.md): --build-arg BASE=... with ROS Jazzy and CUDA of its JetPack, --build-arg TORCH=... and TORCH_INDEX=...
# with torch for it, and `docker run --runtime nvidia`.
#
# --ipc host (or --shm-size 1g): raw images go through shared memory, of which a container has 64 MB by default.

ARG BASE=ros:jazzy-ros-base

# Where the packages are built; its compilers do not ship. ------------------------------------------------------
FROM ${BASE} AS build
# pip's default torch carries CUDA on x86-64 and runs without a GPU as well.  TORCH_INDEX may name an index with others.
ARG TORCH="torch==2.13.0"
ARG TORCH_INDEX=""
# onnx,openvino: what `road-clarity export` needs on a vehicle without a GPU.
ARG EXTRAS=""
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-pip python3-venv python3-colcon-common-extensions \
 && rm -rf /var/lib/apt/lists/*

# Python packages that apt does not have, beside those of ROS.
RUN python3 -m venv --system-site-packages /opt/road_clarity/python
ENV PATH=/opt/road_clarity/python/bin:$PATH
# hadolint ignore=DL3013
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"

COPY . /workspace/src/road_clarity
WORKDIR /workspace/src/road_clarity
# The package asks for the torch that was just installed.  pip brings what else it needs; the package itself is colcon's,
# which puts it where ros2 looks.
# hadolint ignore=DL3013
RUN --mount=type=cache,target=/root/.cache/pip \
    sed -i "s|\"torch==[^\"]*\"|\"$TORCH\"|" setup.py \
 && pip install "setuptools>=64,<80" grpcio-tools ".${EXTRAS:+[$EXTRAS]}" && pip uninstall --yes road_clarity
RUN for setup in /opt/ros/jazzy/setup.sh /opt/ros/jazzy/install/setup.sh; do if [ -f "$setup" ]; then . "$setup"; fi; done \
 && python3 -m road_clarity.service.generate \
 && python3 -m colcon build --merge-install --install-base /opt/road_clarity/install

# What runs on the vehicle. -------------------------------------------------------------------------------------
FROM ${BASE} AS vehicle
RUN useradd --create-home --uid 10001 --groups video road_clarity \
 && install -d -o road_clarity /var/lib/road_clarity
COPY --from=build /opt/road_clarity /opt/road_clarity
COPY docker_entrypoint.sh /docker_entrypoint.sh

ENV PATH=/opt/road_clarity/python/bin:/opt/road_clarity/install/lib/road_clarity:$PATH \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    MALLOC_MMAP_THRESHOLD_=33554432 \
    MALLOC_TRIM_THRESHOLD_=536870912 \
    MALLOC_TOP_PAD_=33554432 \
    MALLOC_ARENA_MAX=1
USER 10001
WORKDIR /home/road_clarity
VOLUME /var/lib/road_clarity

# ros2 launch stops its nodes on SIGINT; on SIGTERM it would leave them behind.
STOPSIGNAL SIGINT
# Healthy: a risk was heard within three seconds, whatever it says.
HEALTHCHECK --interval=30s --timeout=8s --start-period=60s --retries=3 \
    CMD ["/docker_entrypoint.sh", "python3", "-m", "road_clarity.nodes.heartbeat"]
ENTRYPOINT ["/docker_entrypoint.sh"]
CMD []
