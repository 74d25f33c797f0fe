# syntax=docker/dockerfile:1
# road_clarity on apt ROS 2 Jazzy, for x86-64 and (CPU only, or with NVIDIA's own base image) arm64.
#
#   docker build -t road_clarity .                                    processor only
#   docker build -t road_clarity:cuda --build-arg COMPUTE=cuda .      NVIDIA GPU
#   docker run --rm --network host --ipc host road_clarity image_topic:=/my_camera/image_raw
#   docker run ... --gpus all road_clarity:cuda device:=cuda
#
# --ipc host (or --shm-size 1g): raw images go through shared memory, of which a container has 64 MB by default.

ARG COMPUTE=cpu

# Where the packages are built; its compilers do not ship. ------------------------------------------------------
FROM ros:jazzy-ros-base AS build
ARG COMPUTE
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      python3-pip python3-venv ros-jazzy-visualization-msgs \
 && rm -rf /var/lib/apt/lists/*

# Python packages that apt does not have, beside those of ROS.  The torch of PyPI is the one for NVIDIA GPUs.
RUN python3 -m venv --system-site-packages /opt/road_clarity/python
ENV PATH=/opt/road_clarity/python/bin:$PATH
RUN --mount=type=cache,target=/root/.cache/pip \
    case "$COMPUTE" in \
      cpu)  index=https://download.pytorch.org/whl/cpu ;; \
      cuda) index=https://pypi.org/simple ;; \
      *)    echo "COMPUTE is $COMPUTE: use cpu or cuda" >&2; exit 2 ;; \
    esac \
 && pip install --index-url "$index" torch==2.13.0

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
