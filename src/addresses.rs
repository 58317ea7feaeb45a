//! The addresses at which headsets can reach the server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The `ws://` URLs at which a server bound to `bound` can be reached from this network, best
/// first. They come from the machine's interfaces; if those can't be listed, only loopback is left.
pub fn urls(bound: SocketAddr) -> Vec<String> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses: Vec<_> = interfaces.iter().map(if_addrs::Interface::ip).collect();
    urls_among(bound, &addresses)
}

/// The URLs for `bound` on a machine that has `addresses`.
///
/// A server bound to one address has one URL. A server bound to all addresses has one for each that
/// another machine can reach: IPv4 first, with the ranges of home and office networks ahead of
/// others, then IPv6 if the server listens there. Loopback is used only if there is no other.
pub fn urls_among(bound: SocketAddr, addresses: &[IpAddr]) -> Vec<String> {
    if !bound.ip().is_unspecified() {
        return vec![url(bound.ip(), bound.port())];
    }
    let mut ranked: Vec<_> = addresses
        .iter()
        .filter(|address| address.is_ipv4() || bound.is_ipv6())
        .filter_map(|address| Some((rank(*address)?, *address)))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    if ranked.is_empty() {
        return vec![url(Ipv4Addr::LOCALHOST.into(), bound.port())];
    }
    ranked.into_iter().map(|(_, address)| url(address, bound.port())).collect()
}

/// Sort key of an address; `None` if another machine can't reach it.
fn rank(address: IpAddr) -> Option<u8> {
    match address {
        IpAddr::V4(address) => rank_v4(address),
        IpAddr::V6(address) => rank_v6(address),
    }
}

fn rank_v4(address: Ipv4Addr) -> Option<u8> {
    // RFC 1918. 172.16/12 comes last of the three, as container bridges use it.
    Some(match address.octets() {
        _ if address.is_loopback() || address.is_unspecified() || address.is_multicast() => {
            return None;
        }
        [192, 168, ..] => 0,
        [10, ..] => 1,
        [172, 16..=31, ..] => 2,
        [169, 254, ..] => 4,
        _ => 3,
    })
}

fn rank_v6(address: Ipv6Addr) -> Option<u8> {
    if address.is_unique_local() {
        return Some(5);
    }
    // Global unicast, 2000::/3 (RFC 4291, section 2.4). A link-local address needs a scope id,
    // which differs from machine to machine.
    (address.segments()[0] >> 13 == 1).then_some(6)
}

fn url(ip: IpAddr, port: u16) -> String {
    // Using only the IP drops a scope id; SocketAddr adds the brackets.
    format!("ws://{}", SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn among(bound: &str, addresses: &[&str]) -> Vec<String> {
        let addresses: Vec<_> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        urls_among(bound.parse().unwrap(), &addresses)
    }

    const MACHINE: &[&str] = &[
        "127.0.0.1",
        "::1",
        "fe80::1",
        "169.254.7.7",
        "2001:db8::5",
        "172.17.0.1",
        "203.0.113.9",
        "fd00::9",
        "10.1.2.3",
        "192.168.1.20",
        "192.168.1.20",
        "ff02::1",
    ];

    #[test]
    fn all_interfaces_best_first() {
        let v4 = [
            "ws://192.168.1.20:42069",
            "ws://10.1.2.3:42069",
            "ws://172.17.0.1:42069",
            "ws://203.0.113.9:42069",
            "ws://169.254.7.7:42069",
        ];
        assert_eq!(among("0.0.0.0:42069", MACHINE), v4);
        let v6 = ["ws://[fd00::9]:42069", "ws://[2001:db8::5]:42069"];
        assert_eq!(among("[::]:42069", MACHINE), [&v4[..], &v6[..]].concat());
    }

    #[test]
    fn a_single_address_is_used_as_it_is() {
        assert_eq!(among("127.0.0.1:5", MACHINE), ["ws://127.0.0.1:5"]);
        assert_eq!(among("[::1]:5", MACHINE), ["ws://[::1]:5"]);
        let scoped = SocketAddr::V6("[fe80::1%3]:5".parse().unwrap());
        assert_eq!(urls_among(scoped, &[]), ["ws://[fe80::1]:5"]);
    }

    #[test]
    fn loopback_is_the_last_resort() {
        for addresses in [&[][..], &["127.0.0.1", "::1", "fe80::1"], &["2001:db8::5"]] {
            assert_eq!(among("0.0.0.0:1", addresses), ["ws://127.0.0.1:1"]);
        }
        assert_eq!(among("[::]:1", &["2001:db8::5"]), ["ws://[2001:db8::5]:1"]);
    }

    #[test]
    fn this_machine_has_a_url() {
        assert!(!urls("0.0.0.0:1".parse().unwrap()).is_empty());
    }

    proptest! {
        #[test]
        fn every_url_leads_back_to_its_address(addresses: Vec<IpAddr>, port: u16) {
            let bound = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
            for url in urls_among(bound, &addresses) {
                let address: SocketAddr = url.strip_prefix("ws://").unwrap().parse().unwrap();
                prop_assert_eq!(address.port(), port);
                prop_assert!(addresses.contains(&address.ip()) || address.ip().is_loopback());
                prop_assert!(!address.ip().is_loopback() || !addresses.iter().any(|a| rank(*a).is_some()));
            }
        }
    }
}
