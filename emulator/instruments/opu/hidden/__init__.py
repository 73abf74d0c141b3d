"""What an optical processing unit hides, and may change while it works: medium, pixels, frames and link."""
