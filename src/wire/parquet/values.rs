//! Values of a Parquet file as text and as JSON, the same that a CSV or JSON Lines would have held. What they mean is for
//! whoever reads the event.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::data_type::Decimal;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Number, Value};
use uuid::Uuid;

use crate::engine::day::Day;
use crate::wire::calendar::day_text;

/// Whole numbers below this one are exact in a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether values of this type can be told. What no other format has a word for cannot, nor what breaks the format's own
/// rules for lists and maps.
pub fn is_readable(kind: &Type) -> bool {
    let converted = kind.get_basic_info().converted_type();
    if kind.is_primitive() {
        return converted != ConvertedType::INTERVAL;
    }
    let fields = kind.get_fields();
    let only = |most: usize| match fields {
        [inner] => inner.is_primitive() || (1..=most).contains(&inner.get_fields().len()),
        _ => false,
    };
    let fits = match converted {
        ConvertedType::LIST => only(usize::MAX) && is_repeated(fields),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => {
            only(2) && is_repeated(fields) && fields.iter().all(|inner| inner.is_group())
        }
        _ => !fields.is_empty(),
    };
    fits && fields.iter().all(|field| is_readable(field))
}

fn is_repeated(fields: &[std::sync::Arc<Type>]) -> bool {
    fields.iter().all(|field| field.get_basic_info().repetition() == parquet::basic::Repetition::REPEATED)
}

/// A single value as text; `None` where nothing stands, NaN among it.
pub fn text(field: &Field, kind: &Type) -> Option<String> {
    Some(match field {
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => return None,
        Field::Bool(value) => value.to_string(),
        Field::Byte(value) => value.to_string(),
        Field::Short(value) => value.to_string(),
        Field::Int(value) => value.to_string(),
        Field::Long(value) => match kind.get_basic_info().logical_type_ref() {
            // The library knows nanoseconds as a bare number.
            Some(LogicalType::Timestamp(_)) => instant(*value, TimeUnit::NANOS, kind),
            Some(LogicalType::Time(_)) => clock(*value, TimeUnit::NANOS),
            _ => value.to_string(),
        },
        Field::UByte(value) => value.to_string(),
        Field::UShort(value) => value.to_string(),
        Field::UInt(value) => value.to_string(),
        Field::ULong(value) => value.to_string(),
        Field::Float16(value) => return float(f64::from(value.to_f32()), value.to_f32().to_string()),
        Field::Float(value) => return float(f64::from(*value), value.to_string()),
        Field::Double(value) => return float(*value, value.to_string()),
        Field::Decimal(value) => decimal(value),
        Field::Str(value) => value.clone(),
        Field::Bytes(value) => bytes(value.data(), kind),
        Field::Date(days) => day_text(Day(*days)),
        Field::TimeMillis(value) => clock(i64::from(*value), TimeUnit::MILLIS),
        Field::TimeMicros(value) => clock(*value, TimeUnit::MICROS),
        Field::TimestampMillis(value) => instant(*value, TimeUnit::MILLIS, kind),
        Field::TimestampMicros(value) => instant(*value, TimeUnit::MICROS, kind),
    })
}

/// A row as a JSON object, without what is null.
pub fn object<'a>(fields: impl Iterator<Item = (&'a String, &'a Field)>, kinds: &[std::sync::Arc<Type>]) -> Value {
    let told = fields.zip(kinds).map(|((name, field), kind)| (name.clone(), json(field, kind)));
    Value::Object(told.filter(|(_, value)| !value.is_null()).collect())
}

fn json(field: &Field, kind: &Type) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::from(*value),
        Field::Byte(value) => Value::from(*value),
        Field::Short(value) => Value::from(*value),
        Field::Int(value) => Value::from(*value),
        Field::UByte(value) => Value::from(*value),
        Field::UShort(value) => Value::from(*value),
        Field::UInt(value) => Value::from(*value),
        Field::ULong(value) => Value::from(*value),
        Field::Long(value) if kind.get_basic_info().logical_type_ref().is_none_or(is_number) => Value::from(*value),
        Field::Float16(_) | Field::Float(_) | Field::Double(_) => number(field, kind),
        Field::Group(row) => group(row, kind),
        Field::ListInternal(list) => {
            let element = element(kind);
            list.elements().iter().map(|field| json(field, element)).collect()
        }
        Field::MapInternal(map) => {
            let [key_kind, value_kind] = entry(kind);
            let entry = |(key, value): &(Field, Field)| Some((text(key, key_kind)?, json(value, value_kind)));
            Value::Object(map.entries().iter().filter_map(entry).collect::<Map<String, Value>>())
        }
        Field::Long(_)
        | Field::Decimal(_)
        | Field::Str(_)
        | Field::Bytes(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => text(field, kind).map_or(Value::Null, Value::from),
    }
}

const fn is_number(kind: &LogicalType) -> bool {
    !matches!(kind, LogicalType::Timestamp(_) | LogicalType::Time(_))
}

fn group(row: &Row, kind: &Type) -> Value {
    if kind.is_group() { object(row.get_column_iter(), kind.get_fields()) } else { Value::Null }
}

/// What a list holds, by the format's rules for lists of two and three levels.
fn element(kind: &Type) -> &Type {
    if kind.is_primitive() || kind.get_basic_info().converted_type() != ConvertedType::LIST {
        return kind;
    }
    let Some(repeated) = kind.get_fields().first() else { return kind };
    if repeated.is_primitive() || repeated.name() == "array" || repeated.name().ends_with("_tuple") {
        return repeated;
    }
    match repeated.get_fields() {
        [only] => only,
        _ => repeated,
    }
}

/// What a map's entries hold.
fn entry(kind: &Type) -> [&Type; 2] {
    let inner = if kind.is_group() { kind.get_fields().first() } else { None };
    match inner.filter(|inner| inner.is_group()).map(|inner| inner.get_fields()) {
        Some([key, value]) => [key, value],
        _ => [kind, kind],
    }
}

/// A float as JSON: whole where it is whole, since a column with gaps makes floats of integers; else its shortest text.
fn number(field: &Field, kind: &Type) -> Value {
    let Some(text) = text(field, kind) else { return Value::Null };
    match text.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < EXACT => Value::from(value as i64),
        Ok(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        Err(_) => Value::Null,
    }
}

/// The shortest text that reads as the same float.
fn float(value: f64, text: String) -> Option<String> {
    (!value.is_nan()).then_some(text)
}

/// An integer of big-endian bytes, and the point where it belongs. Beyond 128 bits the digits are said in hexadecimal, which
/// no amount is.
fn decimal(value: &Decimal) -> String {
    let (bytes, scale) = (value.data(), usize::try_from(value.scale()).unwrap_or_default());
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { 0xFF } else { 0 };
    let mut wide = [sign; 16];
    let Some(tail) = wide.len().checked_sub(bytes.len()).and_then(|from| wide.get_mut(from..)) else {
        return format!("0x{}", hex::encode(bytes));
    };
    tail.copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(wide);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs().to_string(), width = scale + 1);
    let (whole, places) = digits.split_at(digits.len() - scale);
    let (minus, point) = (if unscaled < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
    format!("{minus}{whole}{point}{places}")
}

/// A UUID as it is written, text as it stands; other bytes in hexadecimal.
fn bytes(bytes: &[u8], kind: &Type) -> String {
    if kind.get_basic_info().logical_type_ref() == Some(&LogicalType::Uuid)
        && let Ok(id) = Uuid::from_slice(bytes)
    {
        return id.to_string();
    }
    std::str::from_utf8(bytes).map_or_else(|_| hex::encode(bytes), str::to_owned)
}

/// RFC 3339: with a Z where the column is in UTC, else without an offset, to be read in `time.zone`.
fn instant(value: i64, unit: TimeUnit, kind: &Type) -> String {
    let in_utc = match kind.get_basic_info().logical_type_ref() {
        Some(LogicalType::Timestamp(of)) => of.is_adjusted_to_u_t_c,
        _ => true,
    };
    match timestamp(value, unit) {
        Some(time) if in_utc => time.to_string(),
        Some(time) => TimeZone::UTC.to_datetime(time).to_string(),
        None => "beyond the calendar".to_owned(),
    }
}

/// A time of day.
fn clock(value: i64, unit: TimeUnit) -> String {
    timestamp(value, unit).map_or_else(String::new, |time| TimeZone::UTC.to_datetime(time).time().to_string())
}

fn timestamp(value: i64, unit: TimeUnit) -> Option<Timestamp> {
    let nanos = match unit {
        TimeUnit::MILLIS => 1_000_000,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1,
    };
    Timestamp::from_nanosecond(i128::from(value) * nanos).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::{LogicalType, TimeUnit, Type as Physical};
    use parquet::data_type::{ByteArray, Decimal};
    use parquet::record::Field;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::Type;

    use super::{is_readable, text};

    fn kind(physical: Physical, logical: Option<LogicalType>) -> Type {
        let length = if physical == Physical::FIXED_LEN_BYTE_ARRAY { 16 } else { -1 };
        let builder = Type::primitive_type_builder("a", physical).with_logical_type(logical).with_length(length);
        builder.build().unwrap()
    }

    #[test]
    fn amounts_are_what_a_csv_would_have_held() {
        let any = kind(Physical::DOUBLE, None);
        for (field, wanted) in [
            (Field::Double(19.9), Some("19.9")),
            (Field::Double(0.1 + 0.2), Some("0.30000000000000004")),
            (Field::Double(1e21), Some("1000000000000000000000")),
            (Field::Double(12.0), Some("12")),
            (Field::Double(f64::NAN), None),
            (Field::Float(19.9), Some("19.9")),
            (Field::Null, None),
            (Field::Int(-7), Some("-7")),
            (Field::ULong(u64::MAX), Some("18446744073709551615")),
            (Field::Decimal(Decimal::from_i64(-1_990, 18, 2)), Some("-19.90")),
            (Field::Decimal(Decimal::from_i32(5, 9, 2)), Some("0.05")),
            (Field::Decimal(Decimal::from_i32(-5, 9, 0)), Some("-5")),
            (Field::Decimal(Decimal::from_bytes(ByteArray::from(vec![0xFF, 0x38]), 38, 3)), Some("-0.200")),
            (
                Field::Decimal(Decimal::from_bytes(ByteArray::from(vec![1; 17]), 40, 0)),
                Some("0x0101010101010101010101010101010101"),
            ),
        ] {
            assert_eq!(text(&field, &any).as_deref(), wanted, "{field:?}");
        }
    }

    #[test]
    fn times_of_every_unit_say_whether_they_are_in_utc() {
        let stamp = |in_utc, unit| kind(Physical::INT64, Some(LogicalType::timestamp(in_utc, unit)));
        let nanos = 1_767_220_200_123_456_789_i64;
        for (field, kind, wanted) in [
            (Field::TimestampMillis(nanos / 1_000_000), stamp(true, TimeUnit::MILLIS), "2025-12-31T22:30:00.123Z"),
            (Field::TimestampMicros(nanos / 1_000), stamp(false, TimeUnit::MICROS), "2025-12-31T22:30:00.123456"),
            (Field::Long(nanos), stamp(true, TimeUnit::NANOS), "2025-12-31T22:30:00.123456789Z"),
            (Field::TimestampMillis(-1), kind(Physical::INT96, None), "1969-12-31T23:59:59.999Z"),
            (Field::TimestampMillis(i64::MAX), stamp(true, TimeUnit::MILLIS), "beyond the calendar"),
            (Field::Date(20_453), kind(Physical::INT32, Some(LogicalType::Date)), "2025-12-31"),
            (Field::TimeMillis(45_000_000), kind(Physical::INT32, None), "12:30:00"),
        ] {
            assert_eq!(text(&field, &kind).as_deref(), Some(wanted), "{field:?}");
        }
    }

    #[test]
    fn bytes_are_text_ids_or_hexadecimal() {
        let (plain, id) =
            (kind(Physical::BYTE_ARRAY, None), kind(Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid)));
        let told = |bytes: &[u8], kind: &Type| text(&Field::Bytes(ByteArray::from(bytes.to_vec())), kind);
        assert_eq!(told(b"c17", &plain).as_deref(), Some("c17"));
        assert_eq!(told(&[0xFF, 1], &plain).as_deref(), Some("ff01"));
        assert_eq!(told(&[7; 16], &id).as_deref(), Some("07070707-0707-0707-0707-070707070707"));
    }

    /// The library panics over these, so they are told apart before.
    #[test]
    fn what_breaks_the_rules_of_the_format_is_not_read() {
        let schema = "message m {
            required binary a (UTF8);
            optional fixed_len_byte_array(12) b (INTERVAL);
            optional group c (LIST) { repeated group list { optional int32 element; } }
            optional group d (LIST) { repeated int32 one; repeated int32 two; }
            optional group e (MAP) { repeated group key_value { required binary key; optional int32 value; } }
            optional group f (MAP) { repeated int32 key; }
            optional group g (LIST) { optional group list { optional int32 element; } }
            optional group h { optional fixed_len_byte_array(12) i (INTERVAL); }
        }";
        let schema = parse_message_type(schema).unwrap();
        let read: Vec<&str> =
            schema.get_fields().iter().filter(|field| is_readable(field)).map(|field| field.name()).collect();
        assert_eq!(read, ["a", "c", "e"]);
        let empty = Type::group_type_builder("m")
            .with_fields(vec![Arc::new(Type::group_type_builder("none").build().unwrap())]);
        assert!(!is_readable(&empty.build().unwrap()));
    }
}
