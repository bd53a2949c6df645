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
