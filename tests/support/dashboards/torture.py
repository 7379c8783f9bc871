"""Titles that Streamlit's Markdown would change if they were not escaped."""

PLACES = ("button", "caption", "markdown", "heading", "badge", "cell", "poster")
TEXTS = (
    "A -> B", "x -- y", "a >= b <= c", ":tada: party", ":material/home: sweet", ":red[x] y",
    "$x$ and $y$", "1. First", "# Hash", "- dash", "+ plus", "**bold** move", "_it_ is",
    "<b>b</b> tag", "&amp; co", "http://example.com now", "www.example.com now", "foo@bar.com",
    "[x](http://a.b)", "a~~b~~c", "`code`", "|pipe|", "back\\slash", ":streamlit: x", "> quote",
    "![i](http://a/b.png)", "a b", "*batteries not included", "Se7en (a.k.a. Seven)",
    'What\'s Up, "Doc"?', "[REC]²", "100% Wolf", "Amélie — Déjà vu",
    ':color[x]{foreground="red"}', ":small[x]", "---", "a:b:c", "Face/Off", "M*A*S*H", "$9.99",
    "{curly}", "<script>alert(1)</script>", "=> so", "a\n\nb", "https://example.com/x?y=z",
)  # fmt: skip
