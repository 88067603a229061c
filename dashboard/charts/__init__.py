"""Charts: arrays in, figure out. No Streamlit here, no files, no session."""
