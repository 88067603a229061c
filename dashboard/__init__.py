"""Floor 3: the screens. Streamlit lives here and nowhere else; torch, umap and sklearn are never loaded here."""
