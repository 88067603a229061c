"""Images and labels in: readers, safe image access, planted noise, the user's own predictions. Files in, types out."""
