"""The ROS 2 side: lifecycle nodes, messages, parameters.  Only this folder knows rclpy."""
