"""What the environment tells DDS, and what is in the shared memory that images go through."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from road_clarity.nodes.doctor_ros import has_wheels, prefixes
from road_clarity.nodes.findings import Finding, fail, ok, warn
from road_clarity.nodes.transport import (
    PROFILE_VARIABLE,
    SEGMENT_BYTES,
    SHARED_MEMORY,
    enough_shared_memory,
)

OUR_RMW = "rmw_fastrtps_cpp"  # fastdds.xml is for it
RANGES = ("LOCALHOST", "SUBNET", "OFF", "SYSTEM_DEFAULT")
SAFE_DOMAINS = (*range(102), *range(215, 233))  # others use ports that Linux gives to anybody
DOMAINS = range(233)
LEFT_BYTES = 64 << 20  # of dead processes, from which it is worth a word


def check() -> list[Finding]:
    environment = os.environ
    return [
        check_rmw(environment),
        check_domain(environment),
        check_discovery(environment),
        check_profile(environment),
        check_security(environment),
        check_shared_memory(),
        check_left_behind(SHARED_MEMORY),
        check_users(SHARED_MEMORY, os.getuid()),
    ]


RMW_INDEX = "share/ament_index/resource_index/rmw_typesupport"


def check_rmw(environment: Mapping[str, str]) -> Finding:
    chosen = environment.get("RMW_IMPLEMENTATION", "") or OUR_RMW
    if chosen == OUR_RMW:
        return ok("dds.rmw", chosen)
    fix = f"export RMW_IMPLEMENTATION={OUR_RMW}, in every shell of the vehicle"
    if not any((one / RMW_INDEX / chosen).exists() for one in prefixes()):
        return fail("dds.rmw", f"{chosen} is not installed: no process would start", fix)
    text = f"{chosen} does not read our profile: give it shared memory for raw images yourself"
    return warn("dds.rmw", text, fix)


def check_domain(environment: Mapping[str, str]) -> Finding:
    given = environment.get("ROS_DOMAIN_ID", "") or "0"
    fix = "export ROS_DOMAIN_ID with a number from 0 to 101, the camera driver's"
    if not given.isdecimal() or int(given) not in DOMAINS:
        return fail("dds.domain", f"ROS_DOMAIN_ID is {given!r}", fix)
    if int(given) not in SAFE_DOMAINS:
        return warn("dds.domain", f"{given}: its ports may be taken by other programs", fix)
    return ok("dds.domain", given)


def check_discovery(environment: Mapping[str, str]) -> Finding:
    """Who hears us: by default every machine of the network."""
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "") or "SUBNET"
    local = "export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST"
    if reach not in RANGES:
        return fail("dds.discovery", f"{reach!r} is none of {', '.join(RANGES)}", local)
    if reach == "OFF":
        return fail("dds.discovery", "OFF: our own processes cannot hear each other", local)
    if environment.get("ROS_LOCALHOST_ONLY", "0") not in ("", "0"):
        fix = f"unset ROS_LOCALHOST_ONLY; {local}"
        return warn("dds.discovery", "ROS_LOCALHOST_ONLY is deprecated and overrides all", fix)
    if reach == "LOCALHOST":
        return ok("dds.discovery", "this machine only")
    return warn("dds.discovery", f"{reach}: other machines of the network hear and join", local)


def check_profile(environment: Mapping[str, str]) -> Finding:
    """The user's own Fast DDS profile wins over ours, so it had better be one."""
    given = environment.get(PROFILE_VARIABLE, "")
    if not given:
        return ok("dds.profile", "ours, with shared memory for raw images")
    fix = f"unset {PROFILE_VARIABLE}, or correct the file"
    try:
        ElementTree.parse(given)
    except OSError:
        return fail("dds.profile", f"{given} cannot be read", fix)
    except ElementTree.ParseError as error:
        return fail("dds.profile", f"{given} is no XML: {error}", fix)
    return ok("dds.profile", f"your own: {given}")


def check_security(environment: Mapping[str, str]) -> Finding:
    """Fast DDS of the wheels has no security plug-ins, and says so by not starting."""
    if environment.get("ROS_SECURITY_ENABLE", "").lower() != "true":
        return ok("dds.security", "off")
    if has_wheels():
        text = "ROS_SECURITY_ENABLE is true, but the wheels' Fast DDS was built without security"
        return fail("dds.security", text, "unset ROS_SECURITY_ENABLE, or use apt ROS")
    keys = environment.get("ROS_SECURITY_KEYSTORE", "")
    if not Path(keys, "enclaves").is_dir():
        fix = "ros2 security create_keystore FOLDER; export ROS_SECURITY_KEYSTORE=FOLDER"
        return fail("dds.security", f"ROS_SECURITY_KEYSTORE {keys!r} is no keystore", fix)
    if environment.get("ROS_SECURITY_STRATEGY", "") != "Enforce":
        fix = "export ROS_SECURITY_STRATEGY=Enforce"
        return warn("dds.security", "a node without keys starts unsecured", fix)
    return ok("dds.security", f"enforced, keys of {keys}")


def check_shared_memory() -> Finding:
    """Raw images need room in it."""
    if not SHARED_MEMORY.is_dir():
        text = f"there is no {SHARED_MEMORY}: raw images go over UDP"
        return warn("dds.shared_memory", text, "mount -t tmpfs tmpfs /dev/shm")
    free = shutil.disk_usage(SHARED_MEMORY).free >> 20
    if enough_shared_memory():
        return ok("dds.shared_memory", f"{free} MiB free in {SHARED_MEMORY}")
    needed = 2 * SEGMENT_BYTES >> 20
    text = f"{free} MiB free in {SHARED_MEMORY}, {needed} needed for raw images"
    return warn("dds.shared_memory", text, "docker run --ipc host, or --shm-size 1g")


def check_left_behind(folder: Path) -> Finding:
    """Processes that were killed leave their segments; Fast DDS keeps a lock on those in use."""
    left = [path for lock in sorted(folder.glob("fastrtps_*_[es]l")) if is_free(lock)
            for path in (lock, lock.with_name(lock.name[:-3])) if path.is_file()]  # fmt: skip
    size = sum(path.stat().st_size for path in left)
    if size < LEFT_BYTES:
        return ok("dds.left_behind", f"{size >> 20} MiB of processes that are gone")
    text = f"{size >> 20} MiB in {folder} belong to processes that are gone"
    return warn("dds.left_behind", text, "fastdds shm clean")


def check_users(folder: Path, user: int) -> Finding:
    """Fast DDS makes its files for their owner alone: another user's process cannot write there."""
    used = [lock for lock in folder.glob("fastrtps_*_[es]l") if not is_free(lock)]
    others = sorted({path.stat().st_uid for path in used if path.is_file()} - {user})
    if not others:
        return ok("dds.users", f"all of user {user}")
    text = f"user {', '.join(map(str, others))} runs ROS here as well: no raw images from there"
    fix = f"run the camera driver as user {user}, as this (systemd: User=, docker: user:)"
    return warn("dds.users", text, fix)


def is_free(lock: Path) -> bool:
    """Whether nobody holds the lock file; the test that `fastdds shm clean` does."""
    import fcntl

    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
