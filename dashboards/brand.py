"""Lantern's drawings: the logo, the tab's icon, the picture of an empty page."""

_LANTERN = (
    '<rect width="32" height="32" rx="9" fill="#5B50D6"/>'
    '<path d="M10 8v16M10 24h12" stroke="#fff" stroke-width="3.4" stroke-linecap="round"/>'
    '<circle cx="21" cy="12" r="4" fill="#FFD166"/>'
)
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" '

ICON = f'{_SVG}viewBox="0 0 32 32">{_LANTERN}</svg>'
LOGO = (
    f'{_SVG}width="150" height="32" viewBox="0 0 150 32">{_LANTERN}'
    '<text x="42" y="22.5" font-family="Helvetica Neue, Arial, sans-serif" font-weight="700" '
    'font-size="19" fill="#7B72E0">Lantern</text></svg>'
)
WAITING = (
    f'{_SVG}width="260" height="150" viewBox="0 0 260 150">'
    '<defs><radialGradient id="glow"><stop stop-color="#FFD166" stop-opacity=".55"/>'
    '<stop offset="1" stop-color="#FFD166" stop-opacity="0"/></radialGradient></defs>'
    '<g fill="none" stroke="#8A86C9" stroke-width="2.5" stroke-dasharray="6 7" opacity=".65">'
    '<rect x="14" y="36" width="58" height="86" rx="9"/>'
    '<rect x="188" y="36" width="58" height="86" rx="9"/></g>'
    '<circle cx="130" cy="82" r="66" fill="url(#glow)"/>'
    '<path d="M112 44q18 -34 36 0" fill="none" stroke="#5B50D6" stroke-width="5"/>'
    '<path d="M104 44h52l-6 12h-40z M108 118h44l5 12h-54z" fill="#5B50D6"/>'
    '<rect x="108" y="56" width="44" height="62" rx="7" fill="#7B72E0" opacity=".35"/>'
    '<path d="M130 66q17 22 0 42q-17 -20 0 -42z" fill="#FFD166"/></svg>'
)
