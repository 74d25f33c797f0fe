"""What runs the networks: torch, ONNX Runtime or OpenVINO, in float32 or bfloat16."""
