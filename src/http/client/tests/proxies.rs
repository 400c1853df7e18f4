//! Proxies on the way.

use std::sync::Mutex;

use super::super::super::proxy::Proxy;
use super::*;
use crate::secret::Secret;

/// What a proxy was asked for, head by head.
type Heads = Arc<Mutex<Vec<String>>>;

/// A proxy that answers CONNECT with `status`, and with a 200 leads to `target`, whatever was asked
/// for.
async fn proxy(status: &'static str, target: Option<SocketAddr>) -> (SocketAddr, Heads) {
    let (listener, address) = listen().await;
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = read_head(&mut stream).await;
            seen.lock().expect("no panic").push(head);
            let answer = format!("HTTP/1.1 {status}\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.ok();
            if let Some(target) = target {
                let mut onward = TcpStream::connect(target)
                    .await
                    .expect("the target listens");
                tokio::io::copy_bidirectional(&mut stream, &mut onward)
                    .await
                    .ok();
            }
        }
    });
    (address, heads)
}

/// A client that trusts `ca` and goes through the proxy at `address`.
fn through(address: SocketAddr, login: Option<(&Secret, &Secret)>, ca: &Path) -> ReqwestTransport {
    let url = Url::parse(&format!("http://{address}")).expect("a URL");
    let connection = Connection {
        ca: Some(ca.into()),
        proxy: ProxyChoice::Through(Proxy::new(url, login)),
        ..Connection::default()
    };
    ReqwestTransport::build(Client::builder(), &connection, |_| None).expect("a client")
}

/// A request to a name that only a proxy can know.
fn behind() -> Request {
    let mut request = get("https", "127.0.0.1:443".parse().expect("an address"));
    request.url = Url::parse("https://app.invalid/scim/v2/Users?filter=s3cret").expect("a URL");
    request
}

#[tokio::test]
async fn a_proxy_of_the_config_is_used_and_told_who_we_are() {
    let identity = identity("app.invalid", |_| {});
    let app = serve_tls(&identity.server).await;
    let (address, heads) = proxy("200 Connection established", Some(app)).await;
    let login = [Secret::new("me"), Secret::new("pa:ss/w@rd")];
    let client = through(
        address,
        Some((&login[0], &login[1])),
        identity.authority.path(),
    );
    let answer = client.send(behind()).await.expect("an answer");
    assert_eq!(answer.body, "{}");
    let head = heads.lock().expect("no panic")[0].to_lowercase();
    assert!(
        head.starts_with("connect app.invalid:443 http/1.1\r\n"),
        "{head}"
    );
    // me:pa:ss/w@rd
    assert!(
        head.contains("proxy-authorization: basic bwu6cge6c3mvd0byza=="),
        "{head}"
    );
    assert!(!head.contains("s3cret"), "{head}");
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_but_not_for_loopback() {
    let identity = identity("app.invalid", |_| {});
    let app = serve_tls(&identity.server).await;
    let (address, heads) = proxy("200 Connection established", Some(app)).await;
    let connection = Connection {
        ca: Some(identity.authority.path().into()),
        ..Connection::default()
    };
    let client = ReqwestTransport::build(Client::builder(), &connection, |name| {
        let is_proxy = matches!(name, "HTTPS_PROXY" | "HTTP_PROXY");
        is_proxy.then(|| format!("http://{address}"))
    });
    let client = client.expect("a client");
    let local = serve_one(|_| http_answer("200 OK", b"{}")).await;
    assert!(client.send(get("http", local)).await.is_ok());
    assert!(heads.lock().expect("no panic").is_empty());
    assert!(client.send(behind()).await.is_ok());
    assert_eq!(heads.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn what_a_proxy_does_not_do_is_told_of_the_proxy() {
    let identity = identity("app.invalid", |_| {});
    let (strict, _) = proxy("407 Proxy Authentication Required", None).await;
    let (closed, _) = proxy("403 Forbidden", None).await;
    let (listener, gone) = listen().await;
    drop(listener);
    for (address, kind, words) in [
        (
            strict,
            FaultKind::Unready,
            "wants to know who we are; write proxy: { url, username, password }",
        ),
        (
            closed,
            FaultKind::Unreachable,
            "refused to connect us; does it allow this host?",
        ),
        (
            gone,
            FaultKind::Unreachable,
            "cannot be reached: connection refused",
        ),
    ] {
        let client = through(address, None, identity.authority.path());
        let fault = client.send(behind()).await.expect_err("a fault");
        assert_eq!((fault.kind, fault.effect), (kind, Effect::None));
        assert_eq!(
            fault.detail,
            format!("app.invalid:443: the proxy {address} {words}")
        );
    }
}
