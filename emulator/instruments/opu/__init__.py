"""The optical processing unit on the bench."""
