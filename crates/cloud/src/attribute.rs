//! JSON to DynamoDB's native types and back, so that documents can be read and queried as maps.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

/// An item, or a map in one.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The attribute for a JSON value. Every JSON value has one.
pub(crate) fn to_attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(flag),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(to_attribute).collect()),
        Value::Object(fields) => AttributeValue::M(
            fields
                .into_iter()
                .map(|(name, value)| (name, to_attribute(value)))
                .collect(),
        ),
    }
}

/// The JSON value of an attribute; none for sets and bytes, which are never written, and for
/// numbers that JSON cannot hold.
pub(crate) fn to_json(attribute: &AttributeValue) -> Option<Value> {
    Some(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(flag) => Value::Bool(*flag),
        AttributeValue::N(text) => Value::Number(number(text)?),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(values) => {
            Value::Array(values.iter().map(to_json).collect::<Option<_>>()?)
        }
        AttributeValue::M(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| Some((name.clone(), to_json(value)?)))
                .collect::<Option<Map<_, _>>>()?,
        ),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_document_reads_back_as_it_was() {
        let document = json!({
            "text": "", "name": "Käse +%20", "none": null, "yes": true,
            "large": u64::MAX, "small": i64::MIN, "half": 0.5,
            "list": [1, [], {}], "map": {"a": {"b": "c"}},
        });
        let attribute = to_attribute(document.clone());
        assert_eq!(to_json(&attribute), Some(document));
    }

    #[test]
    fn what_is_never_written_is_not_read() {
        assert_eq!(to_json(&AttributeValue::Ss(vec!["a".into()])), None);
        assert_eq!(to_json(&AttributeValue::N("much".into())), None);
    }
}
