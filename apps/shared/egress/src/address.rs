//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is unicast and reachable from anywhere. IPv6 addresses that carry an IPv4
/// address in any way are not: what they reach depends on the network they are used in.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The ranges of the IANA special-purpose registry, multicast and what is reserved.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)              // this network, private, loopback
            | (100, 64..=127, _)          // carrier-grade NAT
            | (169, 254, _)               // link-local, cloud metadata
            | (172, 16..=31, _)           // private
            | (192, 0, 0 | 2)             // protocol assignments, documentation
            | (192, 31, 196)              // AS112
            | (192, 52, 193)              // automatic multicast tunneling
            | (192, 88, 99)               // 6to4 relays
            | (192, 168, _)               // private
            | (192, 175, 48)              // AS112
            | (198, 18 | 19, _)           // benchmarking
            | (198, 51, 100)              // documentation
            | (203, 0, 113)               // documentation
            | (224..=255, _, _) // multicast, reserved, broadcast
    )
}

/// Only 2000::/3 is given out for global unicast; the special ranges inside it are taken out.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    (a & 0xe000) == 0x2000
        && !matches!(
            (a, b, c),
            (0x2001, 0x0000..=0x01ff, _)        // protocol assignments: Teredo, ORCHID, benchmarking, …
                | (0x2001, 0x0db8, _)           // documentation
                | (0x2002, _, _)                // 6to4
                | (0x2620, 0x004f, 0x8000)      // AS112
                | (0x3fff, 0x0000..=0x0fff, _)  // documentation
                | (0x3ffe, _, _) // the old 6bone
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn special_ranges_are_not_public_from_their_first_address_to_their_last() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "255.255.255.255"),
            ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert!(!is_public(first.parse().unwrap()), "{first}");
            assert!(!is_public(last.parse().unwrap()), "{last}");
        }
    }

    #[test]
    fn the_neighbors_of_special_ranges_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "8.8.8.8",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3fff:1000::",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    proptest! {
        /// The standard library knows the kinds of IPv4 addresses it has names for.
        #[test]
        fn no_ipv4_address_of_a_named_special_kind_is_public(address: Ipv4Addr) {
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_broadcast() || address.is_documentation() || address.is_multicast()
                || address.is_unspecified();
            prop_assert!(!(special && is_public(address.into())));
        }

        #[test]
        fn no_ipv6_address_outside_of_2000_is_public(address: Ipv6Addr) {
            prop_assert!(address.segments()[0] >> 13 == 1 || !is_public(address.into()));
        }

        #[test]
        fn no_ipv6_address_that_carries_an_ipv4_address_is_public(address: Ipv4Addr, tail: u64) {
            let [a, b, c, d] = address.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let tail: [u16; 4] = std::array::from_fn(|n| (tail >> (16 * n)) as u16);
            for carrier in [
                address.to_ipv6_mapped(),
                address.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, tail[0], tail[1], tail[2], high, low),
                Ipv6Addr::new(0x2002, high, low, tail[0], tail[1], tail[2], tail[3], 0),
                Ipv6Addr::new(0x2001, 0, tail[0], tail[1], tail[2], tail[3], !high, !low),
            ] {
                prop_assert!(!is_public(carrier.into()), "{}", carrier);
            }
        }
    }
}
