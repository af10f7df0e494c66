//! Values of any type, made up for tests: nobody has to write them, and a new field or variant is in them by itself.

use alloc::borrow::ToOwned;
use alloc::string::String;

use serde::de::value::{Error, U32Deserializer};
use serde::de::{Deserialize, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

/// The value of type `T` that `choices` choose; `None` for a type that holds what the maker cannot make.
pub fn made<T: for<'de> Deserialize<'de>>(choices: &[u8]) -> Option<T> {
    T::deserialize(&mut Maker { choices: choices.iter() }).ok()
}

/// Makes up a value of any type: serde asks what it needs, `choices` decide, and nothing is chosen when they run out.
struct Maker<'c> {
    choices: core::slice::Iter<'c, u8>,
}

impl Maker<'_> {
    fn choose(&mut self, among: u64) -> u64 {
        u64::from(self.choices.next().copied().unwrap_or(0)) % among
    }

    /// Small, large and in between, as one byte, two, or the most there can be.
    fn number(&mut self) -> u64 {
        let number = (0..8).fold(0, |number, _| number << 8 | self.choose(256));
        number >> (self.choose(9) * 8).min(63)
    }
}

/// What a maker makes of a number: its last bits.
macro_rules! numbers {
    ($($ask:ident $visit:ident $type:ty,)+) => {
        $(
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any bits will do; not every type drops some")]
            fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                visitor.$visit(self.number() as $type)
            }
        )+
    };
}

impl<'de> serde::Deserializer<'de> for &mut Maker<'_> {
    type Error = Error;

    numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.choose(2) == 1)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let letters = ["", "a", "ü", "€", "🙂", "\0", "a long word of more than a hundred and twenty-seven bytes ".repeat(3).as_str()]
            .map(str::to_owned);
        let text: String = (0..self.choose(4)).filter_map(|_| letters.get(usize::try_from(self.choose(7)).ok()?).cloned()).collect();
        visitor.visit_string(text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.choose(2) == 0 { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.choose(5);
        visitor.visit_seq(Made { maker: self, left })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.choose(5);
        visitor.visit_map(Made { maker: self, left })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Made { maker: self, left: len as u64 })
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Made { maker: self, left: fields.len() as u64 })
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, variants: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let left = self.choose(variants.len() as u64);
        visitor.visit_enum(Made { maker: self, left })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no frame holds a type like this so far: teach the maker, and the reader"))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 f64 char str bytes byte_buf unit_struct tuple_struct identifier ignored_any
    }
}

/// So many elements or fields, or the variant of this number.
struct Made<'m, 'c> {
    maker: &'m mut Maker<'c>,
    left: u64,
}

impl<'de> SeqAccess<'de> for Made<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.maker).map(Some)
    }
}

impl<'de> MapAccess<'de> for Made<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut *self.maker)
    }
}

impl<'de> EnumAccess<'de> for Made<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let number: U32Deserializer<Error> = u32::try_from(self.left).unwrap_or(0).into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'de> VariantAccess<'de> for Made<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.maker)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Made { left: len as u64, ..self })
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.tuple_variant(fields.len(), visitor)
    }
}
