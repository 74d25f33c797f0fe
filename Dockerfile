# syntax=docker/dockerfile:1
# road_clarity on apt ROS 2 Jazzy, for x86-64 and (CPU only, or with NVIDIA's own base image) arm64.
#
#   docker build -t road_clarity .
#   docker run --rm --network host --ipc host road_clarity image_topic:=/my_camera/image_raw
#   docker build -t road_clarity:cpu --build-arg TORCH_INDEX=... .    smaller, without CUDA
#   docker run ... --gpus all road_clarity device:=cuda            on an NVIDIA GPU
#
# --ipc host (or --shm-size 1g): raw images go through shared memory, of which a container has 64 MB by default.

ARG TORCH_INDEX=""

# Where the packages are built; its compilers do not ship. ------------------------------------------------------
FROM ros:jazzy-ros-base AS build
ARG TORCH_INDEX
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      python3-pip python3-venv ros-jazzy-visualization-msgs \
 && rm -rf /var/lib/apt/lists/*

# Python packages that apt does not have, beside those of ROS.  pip's default torch carries CUDA and runs without a
# GPU as well; TORCH_INDEX may name an index of smaller, CPU-only wheels.
RUN python3 -m venv --system-site-packages /opt/road_clarity/python
ENV PATH=/opt/road_clarity/python/bin:$PATH
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0

COPY . /workspace/src/road_clarity
WORKDIR /workspace/src/road_clarity
# pip brings what the package needs; the package itself is colcon's, which puts it where ros2 looks.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install "setuptools>=64,<80" grpcio-tools . && pip uninstall --yes road_clarity
RUN . /opt/ros/jazzy/setup.sh \
 && python3 -m road_clarity.service.generate \
 && python3 -m colcon build --merge-install --install-base /opt/road_clarity/install

# What runs on the vehicle. -------------------------------------------------------------------------------------
FROM ros:jazzy-ros-base AS vehicle
RUN apt-get update \
 && apt-get install -y --no-install-recommends ros-jazzy-visualization-msgs \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 road_clarity
COPY --from=build /opt/road_clarity /opt/road_clarity
COPY docker_entrypoint.sh /docker_entrypoint.sh

ENV PATH=/opt/road_clarity/python/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    MALLOC_MMAP_THRESHOLD_=33554432 \
    MALLOC_TRIM_THRESHOLD_=536870912 \
    MALLOC_TOP_PAD_=33554432
USER road_clarity
WORKDIR /home/road_clarity

# Healthy: a risk was heard within three seconds, whatever it says.
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --retries=3 \
    CMD ["/docker_entrypoint.sh", "python3", "-m", "road_clarity.nodes.heartbeat"]
ENTRYPOINT ["/docker_entrypoint.sh"]
CMD []
