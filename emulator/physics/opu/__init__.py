"""The physics of the optical processing unit: mirrors, medium, camera, demodulation."""
