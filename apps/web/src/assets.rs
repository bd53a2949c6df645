//! Styles, scripts, fonts and icons, embedded into the program. `script/assets` builds them; a program
//! compiled without them serves pages without them.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag, Header, HeaderValue, IfNoneMatch},
    web::Path,
};
use rust_embed::RustEmbed;

use crate::error::WebError;

#[derive(RustEmbed)]
#[folder = "../../assets/dist/"]
#[allow_missing = true]
struct Files;

struct Asset {
    /// The address with the version in it: what stands there never changes.
    url: String,
    version: String,
    media_type: &'static str,
}

/// By name. Made once; a debug build, which reads the files where they are, notices changed ones
/// when it starts again.
static ASSETS: LazyLock<HashMap<Cow<'static, str>, Asset>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|name| {
            let hash = Files::get(&name)?.metadata.sha256_hash();
            let version: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let asset = Asset { url: format!("/assets/{name}?v={version}"), version, media_type: media_type(&name) };
            Some((name, asset))
        })
        .collect()
});

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Where an asset is; none if it has not been built.
pub(crate) fn url(name: &str) -> Option<&'static str> {
    ASSETS.get(name).map(|asset| asset.url.as_str())
}

/// `GET /assets/{name}`
pub(crate) async fn get(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, WebError> {
    let name = name.into_inner();
    let asset = ASSETS.get(name.as_str()).ok_or(WebError::NotFound)?;
    let tag = EntityTag::new_strong(asset.version.clone());
    let mut response = HttpResponse::Ok();
    // Under its version an asset never changes; without it (fonts named in styles) browsers ask again.
    let named_by_version = request.query_string().strip_prefix("v=") == Some(&asset.version);
    response
        .insert_header((
            header::CACHE_CONTROL,
            HeaderValue::from_static(if named_by_version {
                "public, max-age=31536000, immutable"
            } else {
                "public, no-cache"
            }),
        ))
        .insert_header(header::ETag(tag.clone()))
        .content_type(asset.media_type);
    let known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    if known {
        return Ok(response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    let file = Files::get(&name).ok_or(WebError::NotFound)?;
    Ok(match file.data {
        Cow::Borrowed(bytes) => response.body(bytes),
        Cow::Owned(bytes) => response.body(bytes),
    })
}
