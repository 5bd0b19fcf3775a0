"""The ground floor: what every service stands on, and no business."""
