print("vbtrain")
