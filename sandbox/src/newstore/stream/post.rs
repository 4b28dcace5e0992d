//! Sends one event to a callback on the loopback, over plain HTTP.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::registry::Parcel;

/// The answer's status and body; `None` where there is no answer.
pub(super) async fn post(parcel: &Parcel) -> Option<(u16, String)> {
    let answer = exchange(parcel).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

async fn exchange(parcel: &Parcel) -> io::Result<String> {
    let address = parcel.callback_url.strip_prefix("http://").ok_or(io::ErrorKind::Unsupported)?;
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let key = parcel.api_key.as_ref();
    let key = key.map(|it| format!("Authorization: Bearer {it}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{key}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        parcel.body.len()
    );
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(parcel.body.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
