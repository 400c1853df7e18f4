//! Answers that are meant to hurt.

use super::*;

/// The fault of a request to a server that sends `head`, and then `piece` again and again, a pause
/// after each.
async fn fault_of(head: &'static [u8], piece: Vec<u8>, pause: Duration, wait: Duration) -> Fault {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_head(&mut stream).await;
        stream.write_all(head).await.expect("a head sent");
        while stream.write_all(&piece).await.is_ok() {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    });
    let mut request = get("http", address);
    request.timeout = wait;
    let fault = client(None).send(request).await.expect_err("a fault");
    let detail = fault.detail.replace(&address.to_string(), "APP");
    Fault { detail, ..fault }
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_stopped() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n";
    let fault = fault_of(
        head,
        vec![b'x'; 1 << 20],
        Duration::ZERO,
        Duration::from_secs(20),
    )
    .await;
    assert_eq!(fault.kind, FaultKind::Garbled);
    assert_eq!(fault.detail, "APP: the answer is larger than 64 MiB");
}

#[tokio::test]
async fn a_drip_ends_with_the_time_of_the_whole_answer() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let start = Clock::System.instant();
    let drip = Duration::from_millis(20);
    let fault = fault_of(head, b" ".to_vec(), drip, Duration::from_millis(500)).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::TimedOut, Effect::Unknown)
    );
    assert_eq!(fault.detail, "APP: waited for 500ms");
}

#[tokio::test]
async fn a_head_without_end_is_stopped() {
    let head = b"HTTP/1.1 200 OK\r\n";
    for line in [
        b"x-filler: y\r\n".repeat(100),
        [
            b"x-filler: ".to_vec(),
            vec![b'y'; 1 << 20],
            b"\r\n".to_vec(),
        ]
        .concat(),
    ] {
        let fault = fault_of(head, line, Duration::ZERO, Duration::from_secs(20)).await;
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Garbled, Effect::Unknown)
        );
        assert_eq!(fault.detail, "APP: the head of the answer is too large");
    }
}

#[tokio::test]
async fn an_error_of_a_hundred_thousand_levels_is_an_error_all_the_same() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let address = serve_one(move |_| http_answer("400 Bad Request", deep.as_bytes())).await;
    let answer = client(None)
        .send(get("http", address))
        .await
        .expect("an answer");
    let fault = crate::http::answer::classify(&answer, Clock::System.now()).expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Rejected);
    assert!(fault.detail.starts_with("[[[["), "{fault}");
}
