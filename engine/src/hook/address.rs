//! Where a webhook may go, judged by its address alone.
//!
//! Upcue calls whatever address an app names, from where Upcue runs: so an address must not lead into the network around it. Only plain
//! spellings pass. What a program could read in two ways (other forms of IPv4, an address mapped into IPv6, a backslash, a user name) is
//! refused whatever it means, so that nobody who fetches can read it otherwise than it was judged. What a *name* leads to is not
//! known here: that is held where the connection is made (docs/webhooks.md).

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::ids::is_host;

/// The longest address, in bytes.
const MAX: usize = 2_048;
/// Ports below this one are those of other services; but for that of HTTPS.
const FIRST_FREE_PORT: u16 = 1_024;
const HTTPS: u16 = 443;

/// Names, and ends of names, that mean something in a private network only.
const PRIVATE_NAMES: [&str; 8] = ["localhost", "local", "localdomain", "internal", "intranet", "lan", "corp", "home.arpa"];

/// A host, read in one way only.
#[derive(Debug)]
enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Name(String),
}

/// Whether a webhook may go to `url`; if not, why, and what to write instead. `own_machine`: whether the machine that Upcue runs on may
/// be called, by any scheme and port: for development and tests.
pub fn check(url: &str, own_machine: bool) -> Result<(), String> {
    if url.len() > MAX {
        return Err(format!("an address has at most {MAX} bytes"));
    }
    if let Some(odd) = url.chars().find(|c| !c.is_ascii_graphic() || "\\\"<>^`{|}".contains(*c)) {
        return Err(format!("{odd:?} cannot stand in an address; write it percent-encoded, and the host's name in ASCII (xn--…)"));
    }
    let whole = || "write a whole address, as in https://app.example/webhooks".to_owned();
    let (scheme, rest) = url.split_once("://").ok_or_else(whole)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if path.contains('#') {
        return Err("leave out what follows `#`: it is never sent".to_owned());
    }
    if authority.contains('@') {
        return Err("leave out user name and password; deliveries prove themselves by their signature".to_owned());
    }
    let (host, port) = split(authority)?;
    let host = Host::parse(host)?;
    let (plain, tls) = (scheme.eq_ignore_ascii_case("http"), scheme.eq_ignore_ascii_case("https"));
    if own_machine && host.is_own_machine() && (plain || tls) {
        return Ok(());
    }
    host.check()?;
    if !tls {
        return Err("only https:// is called, so that nobody on the way reads or changes what is sent".to_owned());
    }
    match port {
        Some(port) if port != HTTPS && port < FIRST_FREE_PORT => {
            Err(format!("port {port} belongs to another service; use {HTTPS}, or one from {FIRST_FREE_PORT} on"))
        }
        _ => Ok(()),
    }
}

/// Host and port.
fn split(authority: &str) -> Result<(&str, Option<u16>), String> {
    let after_host = authority.rfind(']').map_or(0, |at| at + 1);
    let colon = authority.get(after_host..).and_then(|rest| rest.find(':')).map(|at| after_host + at);
    let Some((host, port)) = colon.and_then(|at| Some((authority.get(..at)?, authority.get(at + 1..)?))) else {
        return Ok((authority, None));
    };
    let port = port.parse::<u16>().ok().filter(|n| *n > 0 && port.bytes().all(|b| b.is_ascii_digit()));
    port.map(|port| (host, Some(port))).ok_or_else(|| "the port must be a number from 1 to 65535".to_owned())
}

impl Host {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse().ok());
            return address.map(Self::V6).ok_or_else(|| format!("`{text}` is no IPv6 address"));
        }
        // As browsers have it: a host whose last part is a number is an IPv4 address, whatever the others are.
        let last = text.strip_suffix('.').unwrap_or(text).rsplit('.').next().unwrap_or("");
        let is_hex = last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
        if is_hex || !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) {
            let words = || format!("write the IPv4 address `{text}` as four decimal numbers, as in 192.0.2.1");
            return text.parse().map(Self::V4).map_err(|_| words());
        }
        let name = text.to_ascii_lowercase();
        if is_host(&name) { Ok(Self::Name(name)) } else { Err(format!("`{text}` is no host's name")) }
    }

    fn is_own_machine(&self) -> bool {
        match self {
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }

    fn check(&self) -> Result<(), String> {
        let is_public = match self {
            Self::V4(address) => is_public_v4(*address),
            Self::V6(address) => is_public_v6(address),
            Self::Name(name) => {
                let is_private = |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                name.contains('.') && !PRIVATE_NAMES.iter().any(is_private)
            }
        };
        if is_public { Ok(()) } else { Err("the host lies in a private network or is reserved; only public hosts are called".to_owned()) }
    }
}

/// Whether an address is anybody's on the internet: not in IANA's registry of special-purpose addresses (RFC 6890), November 2026.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)          // this network, private, loopback, multicast and reserved
            | (100, 64..=127, _)            // shared by carriers (RFC 6598)
            | (169, 254, _)                 // link-local; clouds tell their machines' secrets there
            | (172, 16..=31, _) | (192, 168, _)
            | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) // protocols, documentation
            | (192, 88, 99)                 // relays of 6to4
            | (198, 18..=19, _) // measurements
    )
}

/// Likewise. Only `2000::/3` is given out at all; the rest is loopback, link-local, private, multicast, or an IPv4 address in disguise.
fn is_public_v6(address: &Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_special = matches!((a, b), (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff));
    (0x2000..=0x3fff).contains(&a) && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_called_over_https() {
        for url in [
            "https://app.nimbus.example/webhooks",
            "https://app.nimbus.example",
            "HTTPS://App.Nimbus.Example:443/x?y=1&z=%20",
            "https://hooks.nimbus.example:8443/",
            "https://xn--bcher-kva.example/",
            "https://localhost.nimbus.example/",
            "https://internal-tools.nimbus.example/",
            "https://8.8.8.8/",
            "https://100.63.255.255/",
            "https://100.128.0.1/",
            "https://172.32.0.1/",
            "https://[2606:4700:4700::1111]/",
            "https://[2606:4700:4700::1111]:8443/x",
        ] {
            assert_eq!(check(url, false), Ok(()), "{url}");
        }
    }

    #[test]
    fn whatever_leads_into_a_private_network_is_refused_in_every_spelling() {
        let private = "private network or is reserved";
        let decimal = "four decimal numbers";
        for (url, words) in [
            // IPv4
            ("https://0.0.0.0/", private),
            ("https://10.0.0.1/", private),
            ("https://100.64.0.1/", private),
            ("https://100.127.255.254/", private),
            ("https://127.0.0.1/", private),
            ("https://127.9.9.9:8443/", private),
            ("https://169.254.169.254/latest/meta-data", private),
            ("https://172.16.0.1/", private),
            ("https://172.31.255.255/", private),
            ("https://192.0.0.8/", private),
            ("https://192.0.2.7/", private),
            ("https://192.88.99.1/", private),
            ("https://192.168.1.1/", private),
            ("https://198.18.0.1/", private),
            ("https://198.19.255.255/", private),
            ("https://198.51.100.1/", private),
            ("https://203.0.113.1/", private),
            ("https://224.0.0.1/", private),
            ("https://255.255.255.255/", private),
            // the same in other clothes
            ("https://2130706433/", decimal),
            ("https://0x7f000001/", decimal),
            ("https://0x7f.0.0.1/", decimal),
            ("https://0X7F.1/", decimal),
            ("https://127.1/", decimal),
            ("https://127.0.0.1./", decimal),
            ("https://0177.0.0.1/", decimal),
            ("https://0300.0250.1.1/", decimal),
            ("https://010.0.0.1/", decimal),
            ("https://192.168.257/", decimal),
            ("https://1.2.3.4.5/", decimal),
            ("https://foo.0x1/", decimal),
            ("https://127.0.0.%31/", "no host's name"),
            ("https://１２７.0.0.1/", "percent-encoded"),
            ("https://127。0。0。1/", "percent-encoded"),
            // IPv6
            ("https://[::]/", private),
            ("https://[::1]/", private),
            ("https://[0:0:0:0:0:0:0:1]:443/", private),
            ("https://[::ffff:127.0.0.1]/", private),
            ("https://[::ffff:7f00:1]/", private),
            ("https://[::ffff:8.8.8.8]/", private),
            ("https://[::127.0.0.1]/", private),
            ("https://[64:ff9b::7f00:1]/", private),
            ("https://[fe80::1]/", private),
            ("https://[fec0::1]/", private),
            ("https://[fc00::1]/", private),
            ("https://[fd12:3456::1]/", private),
            ("https://[ff02::1]/", private),
            ("https://[100::1]/", private),
            ("https://[2001::1]/", private),
            ("https://[2001:db8::1]/", private),
            ("https://[2002:7f00:1::]/", private),
            ("https://[3fff::1]/", private),
            ("https://[fe80::1%25eth0]/", "no IPv6 address"),
            ("https://[::1/", "port must be"),
            ("https://[::g]/", "no IPv6 address"),
            ("https://::1/", "port must be"),
            // names
            ("https://localhost/", private),
            ("https://LOCALHOST:8443/", private),
            ("https://a.localhost/", private),
            ("https://printer.local/", private),
            ("https://metadata.google.internal/", private),
            ("https://router.lan/", private),
            ("https://nas.home.arpa/", private),
            ("https://db/", private),
            ("https://app.example./", "no host's name"),
            ("https://-a.example/", "no host's name"),
            ("https:///x", "no host's name"),
            ("https://a..example/", "no host's name"),
        ] {
            let refused = check(url, false).expect_err(url);
            assert!(refused.contains(words), "{url}: {refused}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused_with_what_to_write() {
        for (url, words) in [
            ("http://app.example/", "only https://"),
            ("ftp://app.example/", "only https://"),
            ("file:///etc/passwd", "no host's name"),
            ("app.example/hooks", "whole address"),
            ("//app.example/", "whole address"),
            ("https:app.example", "whole address"),
            ("https://ada:secret@app.example/", "leave out user name"),
            ("https://app.example@127.0.0.1/", "leave out user name"),
            ("https://app.example\\@127.0.0.1/", "cannot stand in an address"),
            ("https://app.example/a b", "cannot stand in an address"),
            ("https://app.example/\n", "cannot stand in an address"),
            ("https://bücher.example/", "percent-encoded"),
            ("https://app.example/#part", "leave out what follows `#`"),
            ("https://app.example:0/", "port must be"),
            ("https://app.example:/", "port must be"),
            ("https://app.example:+443/", "port must be"),
            ("https://app.example:65536/", "port must be"),
            ("https://app.example:22/", "port 22 belongs to another service"),
            ("https://app.example:80/", "port 80 belongs to another service"),
            ("https://app.example:1023/", "from 1024 on"),
        ] {
            let refused = check(url, false).expect_err(url);
            assert!(refused.contains(words), "{url}: {refused}");
        }
        let long = format!("https://app.example/{}", "x".repeat(MAX));
        assert!(check(&long, false).expect_err("long").contains("2048 bytes"));
    }

    #[test]
    fn development_may_call_its_own_machine_and_nothing_else_more() {
        for (url, own, other) in [
            ("http://127.0.0.1:1234/x", true, false),
            ("http://localhost:80/", true, false),
            ("https://[::1]:9/", true, false),
            ("ftp://127.0.0.1/", false, false),
            ("http://10.0.0.1/", false, false),
            ("http://[::ffff:127.0.0.1]/", false, false),
            ("http://0x7f.1/", false, false),
            ("http://a.localhost/", false, false),
            ("http://app.example/", false, false),
        ] {
            assert_eq!((check(url, true).is_ok(), check(url, false).is_ok()), (own, other), "{url}");
        }
    }
}
