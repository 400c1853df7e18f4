//! A directory server for tests that says what it is told to, byte for byte.
//!
//! Promises loopback only, one answer a request, and a record of what was asked. Leaves being a real
//! server to the stories with one.

use std::sync::{Arc, Mutex, PoisonError};

use ldap3::asn1::{PL, StructureTag, parse_tag};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request, as far as tests ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The number of the message.
    pub(super) id: u8,
    /// What it asks for: 0 bind, 2 unbind, 3 search.
    pub(super) op: u64,
    /// The base of a search.
    pub(super) base: String,
    /// The words of the filter of a search: attributes and values.
    pub(super) filter: Vec<String>,
    /// The attributes of a search.
    pub(super) attributes: Vec<String>,
    /// The cookie of a page, if it asks for pages.
    pub(super) cookie: Option<Vec<u8>>,
    /// The cookie to go on from, if it asks to be told of changes; empty, when from nothing.
    pub(super) sync: Option<Vec<u8>>,
}

/// What the server does with a request.
pub(super) type Answer = Box<dyn FnMut(&Asked) -> Vec<u8> + Send>;

/// A server that is up.
pub(super) struct Server {
    /// Its address.
    pub(super) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Binds are taken, the root says OpenLDAP, and `answer` gives the bytes for any other search; no
    /// bytes at all end the line.
    pub(super) async fn saying(mut answer: impl FnMut(&Asked) -> Vec<u8> + Send + 'static) -> Self {
        Self::doing(Box::new(move |asked| match (asked.op, &*asked.base) {
            (0, _) => result(asked.id, 0x61, 0, ""),
            (3, "") => root(asked.id, &[("objectClass", "OpenLDAProotDSE")]),
            _ => answer(asked),
        }))
        .await
    }

    /// `answer` gives the bytes for each request.
    pub(super) async fn doing(mut answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &mut answer, &record).await;
            }
        });
        Self {
            address: format!("ldap://{address}"),
            asked,
        }
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

async fn serve(mut stream: TcpStream, answer: &mut Answer, record: &Mutex<Vec<Asked>>) {
    while let Some(frame) = frame(&mut stream).await {
        let asked = read(&frame);
        record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(asked.clone());
        if asked.op == 2 {
            return;
        }
        let bytes = answer(&asked);
        if bytes.is_empty() {
            return;
        }
        stream.write_all(&bytes).await.ok();
        if bytes.ends_with(CUT) {
            return;
        }
    }
}

/// The control that asks to be told of changes (RFC 4533).
pub(super) const SYNC: &str = "1.3.6.1.4.1.4203.1.9.1.1";

/// Bytes after which the line ends.
pub(super) const CUT: &[u8] = b"\0CUT";

async fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Ok((rest, _)) = parse_tag(&bytes)
            && !bytes.is_empty()
        {
            assert!(rest.is_empty(), "one request at a time");
            return Some(bytes);
        }
        bytes.push(stream.read_u8().await.ok()?);
    }
}

fn read(frame: &[u8]) -> Asked {
    let (_, message) = parse_tag(frame).expect("a message");
    let mut parts = parts(message).into_iter();
    let id = *bytes(&parts.next().expect("an id")).last().expect("a byte");
    let op = parts.next().expect("an operation");
    let controls = parts.next();
    let mut asked = Asked {
        id,
        op: op.id,
        ..Asked::default()
    };
    if op.id == 3 {
        let fields = self::parts(op);
        asked.base = text(&fields[0]);
        words(&fields[6], &mut asked.filter);
        asked.attributes = self::parts(fields[7].clone()).iter().map(text).collect();
        for control in controls.map(self::parts).unwrap_or_default() {
            let control = self::parts(control);
            let Some(value) = control[1..].last() else {
                continue;
            };
            let value = bytes(value);
            let (_, value) = parse_tag(&value).expect("a control");
            let cookie = self::parts(value).get(1).map(bytes);
            match &*text(&control[0]) {
                SYNC => asked.sync = Some(cookie.unwrap_or_default()),
                _ => asked.cookie = cookie,
            }
        }
    }
    asked
}

fn words(tag: &StructureTag, all: &mut Vec<String>) {
    match &tag.payload {
        PL::P(word) => all.push(String::from_utf8_lossy(word).into_owned()),
        PL::C(parts) => parts.iter().for_each(|part| words(part, all)),
    }
}

fn parts(tag: StructureTag) -> Vec<StructureTag> {
    tag.expect_constructed().expect("parts")
}

fn bytes(tag: &StructureTag) -> Vec<u8> {
    match &tag.payload {
        PL::P(bytes) => bytes.clone(),
        PL::C(_) => panic!("{tag:?} has parts"),
    }
}

fn text(tag: &StructureTag) -> String {
    String::from_utf8(bytes(tag)).expect("text")
}

/// A tag with its content (X.690, 8.1).
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        short @ 0..128 => bytes.push(u8::try_from(short).expect("it is short")),
        long => {
            bytes.push(0x82);
            bytes.extend(u16::try_from(long).expect("tests say little").to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

/// A message (RFC 4511, 4.1.1).
pub(super) fn message(id: u8, op: &[u8], controls: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(2, &[id]), op, controls].concat())
}

/// An entry.
pub(super) fn entry(id: u8, dn: &str, values: &[(&str, &[u8])]) -> Vec<u8> {
    message(id, &entry_alone(dn, values), &[])
}

/// An entry of a search that goes on, with what became of it: 0 present, 1 add, 2 modify, 3 delete.
pub(super) fn synced(
    id: u8,
    state: u8,
    uuid: [u8; 16],
    dn: &str,
    values: &[(&str, &[u8])],
) -> Vec<u8> {
    let value = tlv(0x30, &[tlv(10, &[state]), tlv(4, &uuid)].concat());
    let control = [tlv(4, b"1.3.6.1.4.1.4203.1.9.1.2"), tlv(4, &value)].concat();
    let controls = tlv(0xa0, &tlv(0x30, &control));
    message(id, &entry_alone(dn, values), &controls)
}

/// What such a search says between entries.
pub(super) fn sync_info(id: u8, value: &[u8]) -> Vec<u8> {
    let parts = [tlv(0x80, b"1.3.6.1.4.1.4203.1.9.1.4"), tlv(0x81, value)];
    message(id, &tlv(0x79, &parts.concat()), &[])
}

fn entry_alone(dn: &str, values: &[(&str, &[u8])]) -> Vec<u8> {
    let values = values.iter().map(|(name, value)| {
        let set = tlv(0x31, &tlv(4, value));
        tlv(0x30, &[tlv(4, name.as_bytes()), set].concat())
    });
    let attributes = tlv(0x30, &values.collect::<Vec<_>>().concat());
    tlv(0x64, &[tlv(4, dn.as_bytes()), attributes].concat())
}

/// The root with pages, and the end of that search.
pub(super) fn root(id: u8, values: &[(&str, &str)]) -> Vec<u8> {
    let mut all: Vec<(&str, &[u8])> = vec![("supportedControl", b"1.2.840.113556.1.4.319")];
    all.extend(values.iter().map(|(name, value)| (*name, value.as_bytes())));
    [entry(id, "", &all), done(id, 0)].concat()
}

/// A result of any operation.
pub(super) fn result(id: u8, op: u8, rc: u8, text: &str) -> Vec<u8> {
    let parts = [tlv(10, &[rc]), tlv(4, b""), tlv(4, text.as_bytes())];
    message(id, &tlv(op, &parts.concat()), &[])
}

/// The end of a search.
pub(super) fn done(id: u8, rc: u8) -> Vec<u8> {
    result(id, 0x65, rc, "")
}

/// The end of a page, with the cookie of the next.
pub(super) fn page(id: u8, cookie: &[u8]) -> Vec<u8> {
    let parts = [tlv(10, &[0]), tlv(4, b""), tlv(4, b"")];
    let value = tlv(0x30, &[tlv(2, &[0]), tlv(4, cookie)].concat());
    let control = [tlv(4, b"1.2.840.113556.1.4.319"), tlv(4, &value)].concat();
    let controls = tlv(0xa0, &tlv(0x30, &control));
    message(id, &tlv(0x65, &parts.concat()), &controls)
}

/// A reference to another server.
pub(super) fn reference(id: u8, address: &str) -> Vec<u8> {
    message(id, &tlv(0x73, &tlv(4, address.as_bytes())), &[])
}
