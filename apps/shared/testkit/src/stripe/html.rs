//! Writing pages: text is escaped, the looks are the same everywhere, nothing comes from elsewhere.

use std::fmt;

/// A text that is written so that it means itself.
pub(crate) struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--line:light-dark(#d5d8dd,#3a3f47);--soft:light-dark(#f4f5f7,#1d2025);\
--quiet:light-dark(#555b65,#a4abb6);--main:light-dark(#4b3fd1,#9d95ff);--on-main:light-dark(#fff,#14121f);\
--bad:light-dark(#b3261e,#ffb4ab)}\
*{box-sizing:border-box}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:46rem;\
background:light-dark(#fff,#131519);color:light-dark(#1b1e24,#e6e8ec)}\
.note{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .9rem;color:var(--quiet)}\
.bad{color:var(--bad);font-weight:600}\
h1{font-size:1.5rem;line-height:1.25;margin:1.2rem 0 .6rem}h2{font-size:1.1rem;margin:1.8rem 0 .5rem}\
table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.4rem .6rem .4rem 0;vertical-align:top;\
border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{font-weight:600}\
form{margin:.6rem 0}fieldset{border:1px solid var(--line);border-radius:.5rem;margin:.8rem 0;padding:.6rem .9rem}\
label{display:block;padding:.35rem 0}label.beside{display:inline-block;padding-right:1rem}\
input,select,button{font:inherit}input[type=email],input[type=text],input[type=number],select{\
display:block;width:100%;padding:.5rem;border:1px solid var(--line);border-radius:.4rem;background:transparent;color:inherit}\
button,.button{display:inline-block;padding:.55rem 1.1rem;margin:.2rem .4rem .2rem 0;border-radius:.4rem;\
border:1px solid var(--line);background:var(--soft);color:inherit;text-decoration:none;cursor:pointer;min-height:2.75rem;white-space:nowrap}.sum{white-space:nowrap}\
button.main{background:var(--main);border-color:var(--main);color:var(--on-main);font-weight:600}\
a{color:var(--main)}:focus-visible{outline:3px solid var(--main);outline-offset:2px}\
code{font-size:.9em;overflow-wrap:anywhere}pre{overflow:auto;background:var(--soft);padding:.8rem;border-radius:.5rem}";

/// A whole page. `body` is HTML.
pub(crate) fn page(title: &str, body: &str) -> String {
    let title = Text(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body>\
         <p class=\"note\" role=\"note\">This is a <strong>fake Stripe</strong> for trying things out. \
         No money moves. Never type a real card number.</p><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

/// What went wrong, above a form.
pub(crate) fn alert(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!("<p class=\"bad\" role=\"alert\">{}</p>", Text(message)))
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(Text("<a href='x'>&\"").to_string(), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
