# attack: nesting that exhausts the parser
# expect: runtime_error | memory_limit
exec("(" * 100000 + ")" * 100000)
