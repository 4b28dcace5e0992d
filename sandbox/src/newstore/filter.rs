//! The `filter` argument of lists.

use serde_json::Value;

/// Whether an object passes a filter; the filter has been checked against the schema.
pub(super) fn passes(object: &Value, filter: &Value) -> bool {
    let Some(conditions) = filter.as_object() else {
        return true;
    };
    conditions.iter().all(|(key, condition)| match (key.as_str(), condition) {
        (_, Value::Null) => true,
        ("and", Value::Array(all)) => all.iter().all(|it| passes(object, it)),
        ("or", Value::Array(any)) => any.iter().any(|it| passes(object, it)),
        (field, operators) => {
            let mut operators = operators.as_object().into_iter().flatten();
            operators.all(|(operator, operand)| holds(&object[field], operator, operand))
        }
    })
}

fn holds(value: &Value, operator: &str, operand: &Value) -> bool {
    if operator == "isNull" {
        return operand.as_bool() == Some(value.is_null());
    }
    // As in SQL, a null matches no condition.
    let (Some(value), false) = (value.as_str(), operand.is_null()) else {
        return false;
    };
    let operand_text = operand.as_str().unwrap_or_default();
    let listed = || operand.as_array().is_some_and(|it| it.iter().any(|it| it == value));
    match operator {
        "equalTo" => value == operand_text,
        "notEqualTo" => value != operand_text,
        "in" => listed(),
        "notIn" => !listed(),
        // Datetimes without offset sort as texts.
        "greaterThan" => operand_text < value,
        "greaterThanOrEqualTo" => operand_text <= value,
        "lessThan" => value < operand_text,
        _ => value <= operand_text,
    }
}
