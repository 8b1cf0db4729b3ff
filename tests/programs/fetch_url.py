# attack: downloads a page
# expect: runtime_error | forbidden_call
import urllib.request

urllib.request.urlopen("http://example.com", timeout=1).read()
