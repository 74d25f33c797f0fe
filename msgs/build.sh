#!/usr/bin/env bash
# Build road_clarity_msgs with the genuine rosidl tools and install it into a Python environment, so that
# `import road_clarity_msgs.msg` works there without sourcing anything.  Does nothing when it is up to date.
#
#   msgs/build.sh [PREFIX]      PREFIX: the environment that holds the ROS wheels (default: .venv of this repository)
#
# On apt ROS use colcon instead: `colcon build` at the root of the repository.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=$(cd "${1:-$here/../.venv}" && pwd)
build=$here/../build/road_clarity_msgs_wheels
python=$prefix/bin/python
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
installed=$prefix/share/road_clarity_msgs/source.sha256

source_hash() {
    (cd "$here" && sha256sum msg/*.msg cmake/*.cmake CMakeLists.txt package.xml && echo "$prefix") | sha256sum
}

if [[ -f $installed && $(<"$installed") == "$(source_hash)" && -d $site/road_clarity_msgs ]]; then
    echo "road_clarity_msgs: up to date"
    exit 0
fi

echo "road_clarity_msgs: building (about 20 s) ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    rm -rf "$build" "$prefix/share/road_clarity_msgs" "$site"/road_clarity_msgs*
    PATH=$prefix/bin:$PATH AMENT_PREFIX_PATH=$prefix CMAKE_PREFIX_PATH=$prefix \
        cmake -S "$here" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
        -DPython3_EXECUTABLE="$python"
    PATH=$prefix/bin:$PATH AMENT_PREFIX_PATH=$prefix ninja -C "$build" install
} >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "road_clarity_msgs could not be built; are the packages of requirements-ros.txt in $prefix?" >&2
    exit 1
fi
source_hash >"$installed"
echo "road_clarity_msgs: installed into $prefix"
