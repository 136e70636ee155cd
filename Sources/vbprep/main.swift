print("vbprep")
