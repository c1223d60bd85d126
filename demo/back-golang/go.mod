module back-golang

go 1.21
