"""How the login pages look: plain HTML, light or dark as the reader likes it, no script, nothing from elsewhere."""

import base64
import hashlib
from html import escape

FORM_FIELD = "form"  # the hidden field that shows that the form is ours
LINK_FIELD = "token"  # the hidden field that carries the secret of a login link

_STYLE = """
:root { color-scheme: light dark; --line: #6b7280; --accent: #3730a3; --on-accent: #fff; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) {
  :root { --line: #9ca3af; --accent: #c7d2fe; --on-accent: #111827; --bad: #fca5a5; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(22rem, 100vw); padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
label { display: block; margin-top: 1rem; }
input, button { width: 100%; font: inherit; padding: .6rem; border-radius: .4rem; border: 1px solid var(--line); }
button { margin-top: 1.5rem; background: var(--accent); color: var(--on-accent); border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=alert] { border-left: .25rem solid var(--bad); padding-left: .75rem; color: var(--bad); }
small { display: block; margin-top: 1.5rem; }
code { overflow-wrap: anywhere; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

PAGE_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # not no-referrer: with that, browsers send forms with `Origin: null`
}


def render_login(*, action: str, form_secret: str, name: str = "", alert: str = "") -> str:
    """The form for name and password."""
    focus = "password" if name else "name"
    return _render(
        "Log in to AgentMesh",
        f"""{_render_alert(alert)}
<form method="post" action="{escape(action)}">
{_render_secret(form_secret)}
<label for="name">Name</label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" spellcheck="false"
 required{" autofocus" if focus == "name" else ""}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required\
{" autofocus" if focus == "password" else ""}>
<button>Log in</button>
</form>
<small>No password yet? The server prints a login link when it starts, and
<code>agentmesh user login-link NAME</code> makes another on its machine.</small>""",
    )


def render_link(*, action: str, form_secret: str, link: str) -> str:
    """The button that uses a login link up."""
    return _render(
        "Log in to AgentMesh",
        f"""<form method="post" action="{escape(action)}">
{_render_secret(form_secret)}
<input type="hidden" name="{LINK_FIELD}" value="{escape(link)}">
<p>This link logs you in once.</p>
<button autofocus>Log in</button>
</form>""",
    )


def render_logout(*, action: str, form_secret: str, name: str, alert: str = "") -> str:
    """The question whether to log out."""
    return _render(
        "Log out of AgentMesh",
        f"""{_render_alert(alert)}
<form method="post" action="{escape(action)}">
{_render_secret(form_secret)}
<p>You are logged in as <strong>{escape(name)}</strong>.</p>
<button>Log out</button>
</form>""",
    )


def _render(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def _render_alert(alert: str) -> str:
    return f'<p role="alert">{escape(alert)}</p>' if alert else ""


def _render_secret(form_secret: str) -> str:
    return f'<input type="hidden" name="{FORM_FIELD}" value="{escape(form_secret)}">'
