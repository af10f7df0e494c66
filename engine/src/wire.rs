//! Reads frames in the browser: postcard's format (<https://postcard.jamesmunns.com/wire-format>) without serde.
//!
//! The Worker writes frames by serde and postcard. Reading them that way costs the browser visitors for every type:
//! 3.7 kB of 16.4 on the wire (brotli, November 2026). Here a type lists what it consists of beside its declaration, and
//! the tests hold this reader against postcard: both accept the same bytes, and read the same from them.

#[cfg(test)]
mod tests;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// A type that crosses from the Worker to the browser.
pub(crate) trait Wire: Sized {
    /// Reads one value.
    fn read(from: &mut Reader<'_>) -> Self;
}

/// The bytes of a frame that are still to be read.
///
/// What cannot be read is remembered and stands as nothing: zero, empty, the first variant. So the types need no error
/// paths; [`decode`] asks once, at the end.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    damaged: bool,
}

/// Reads `bytes` as one value and nothing more. Whatever the bytes are, this ends without a panic, and allocates no more
/// than a small multiple of their length.
pub(crate) fn decode<T: Wire>(bytes: &[u8]) -> Option<T> {
    let mut reader = Reader { rest: bytes, damaged: false };
    let value = T::read(&mut reader);
    (!reader.damaged && reader.rest.is_empty()).then_some(value)
}

impl<'a> Reader<'a> {
    /// Gives up: the bytes are not what they should be.
    pub(crate) fn refuse(&mut self) {
        self.damaged = true;
        self.rest = &[];
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            self.refuse();
            return &[];
        };
        self.rest = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Seven bits a byte, lowest first, the eighth set on all but the last; at most `bits` in total.
    pub(crate) fn varint(&mut self, bits: u32) -> u64 {
        let mut value = 0;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte();
            if bits - shift < 7 && byte >> (bits - shift) != 0 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        self.refuse();
        0
    }

    /// How many elements or bytes follow. None is shorter than a byte, so there are at most as many as there are bytes.
    fn length(&mut self) -> usize {
        let length = usize::try_from(self.varint(usize::BITS)).unwrap_or(usize::MAX);
        if length > self.rest.len() {
            self.refuse();
            return 0;
        }
        length
    }
}

/// Makes a type readable: `wire! { struct T { a, b } }` or `wire! { enum T { A, B(value), C { x, y } } }`, with all fields and
/// variants in the order of the declaration. The compiler refuses a list with a field missing.
macro_rules! wire {
    (struct $name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::wire::Wire for $name {
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                Self { $($field: $crate::wire::Wire::read(from)),+ }
            }
        }
    };
    (enum $name:ident { $first:ident $(($value0:ident))? $({ $($field0:ident),+ })?
        $(, $variant:ident $(($value:ident))? $({ $($field:ident),+ })?)* $(,)? }) => {
        impl $crate::wire::Wire for $name {
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                let number = from.varint(u32::BITS);
                let mut next = 0;
                $(
                    next += 1;
                    if number == next {
                        $(let $value = $crate::wire::Wire::read(from);)?
                        $($(let $field = $crate::wire::Wire::read(from);)+)?
                        return Self::$variant $(($value))? $({ $($field),+ })?;
                    }
                )*
                if number > next {
                    from.refuse();
                }
                $(let $value0 = $crate::wire::Wire::read(from);)?
                $($(let $field0 = $crate::wire::Wire::read(from);)+)?
                Self::$first $(($value0))? $({ $($field0),+ })?
            }
        }
    };
}
pub(crate) use wire;

impl Wire for u8 {
    fn read(from: &mut Reader<'_>) -> Self {
        from.byte()
    }
}

impl Wire for u16 {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::try_from(from.varint(Self::BITS)).unwrap_or(0)
    }
}

impl Wire for u32 {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::try_from(from.varint(Self::BITS)).unwrap_or(0)
    }
}

impl Wire for u64 {
    fn read(from: &mut Reader<'_>) -> Self {
        from.varint(Self::BITS)
    }
}

impl Wire for i32 {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::try_from(zigzag(from.varint(Self::BITS))).unwrap_or(0)
    }
}

impl Wire for i64 {
    fn read(from: &mut Reader<'_>) -> Self {
        zigzag(from.varint(Self::BITS))
    }
}

/// Signed numbers alternate: 0, -1, 1, -2, …
fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

impl Wire for bool {
    fn read(from: &mut Reader<'_>) -> Self {
        let byte = from.byte();
        if byte > 1 {
            from.refuse();
        }
        byte == 1
    }
}

impl Wire for String {
    fn read(from: &mut Reader<'_>) -> Self {
        let length = from.length();
        let Ok(text) = core::str::from_utf8(from.take(length)) else {
            from.refuse();
            return Self::new();
        };
        text.to_owned()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        bool::read(from).then(|| T::read(from))
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::new(T::read(from))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        let mut list = Self::new();
        for _ in 0..from.length() {
            // Grown one by one, so that memory follows what has been read and not what a length promised.
            list.push(T::read(from));
            if from.damaged {
                break;
            }
        }
        list
    }
}
