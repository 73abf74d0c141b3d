"""What an optical processing unit hides, and may change while it works: medium, pixels, laser, frames and link."""
