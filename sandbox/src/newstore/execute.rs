//! Answers a query: parse, check, then select from the orders.

use std::collections::BTreeMap;

use graphql_parser::query::{
    Definition, Document, Field, OperationDefinition, Query, Selection, SelectionSet, parse_query,
};
use serde_json::{Map, Value, json};

use super::{
    connection,
    schema::{self, Evidence, Schema, Ty},
    state::{Answers, Shared, World},
    validate::{self, Fragments},
    value,
};

/// The answer to a request body; whatever is wrong with the query is in its `errors`.
pub(super) fn answer(shared: &Shared, request: &Value) -> Value {
    match run(shared, request) {
        Ok(data) => json!({ "data": data }),
        Err(faults) => {
            let errors: Vec<_> = faults.iter().map(|it| json!({ "message": it })).collect();
            json!({ "errors": errors })
        }
    }
}

fn run(shared: &Shared, request: &Value) -> Result<Value, Vec<String>> {
    let one = |fault: &str| vec![fault.to_owned()];
    let text = request["query"].as_str().ok_or_else(|| one("Must provide query string."))?;
    let document: Document<'_, String> =
        parse_query(text).map_err(|fault| vec![format!("Syntax Error: {fault}")])?;
    let document = document.into_static();
    let query = operation(&document, request["operationName"].as_str()).map_err(one)?;
    let fragments = document.definitions.iter().filter_map(|it| match it {
        Definition::Fragment(it) => Some((it.name.as_str(), it)),
        Definition::Operation(_) => None,
    });
    let fragments: Fragments<'_> = fragments.collect();
    let faults = validate::faults(&shared.schema, &query, &fragments);
    if !faults.is_empty() {
        return Err(faults);
    }
    let none = Map::new();
    let given = match &request["variables"] {
        Value::Null => &none,
        Value::Object(given) => given,
        _ => return Err(one("Variables must be provided as an Object.")),
    };
    let variables = validate::variables(&shared.schema, &query, given).map_err(|it| vec![it])?;
    let world = shared.world();
    let run =
        Run { schema: &shared.schema, tenant: &shared.name, world: &world, fragments, variables };
    run.select("Query", &Value::Null, &query.selection_set).map_err(|it| vec![it])
}

/// The operation to run, a bare selection being a query.
fn operation(
    document: &Document<'static, String>,
    name: Option<&str>,
) -> Result<Query<'static, String>, &'static str> {
    let mut operations = document.definitions.iter().filter_map(|it| match it {
        Definition::Operation(it) => Some(it),
        Definition::Fragment(_) => None,
    });
    let found = if let Some(name) = name {
        operations.find(|it| match it {
            OperationDefinition::Query(it) => it.name.as_deref() == Some(name),
            _ => false,
        })
    } else {
        let first = operations.next();
        if operations.next().is_some() {
            return Err("Must provide operation name if query contains multiple operations.");
        }
        first
    };
    match found.ok_or("Unknown operation.")?.clone() {
        OperationDefinition::Query(query) => Ok(query),
        OperationDefinition::SelectionSet(selection_set) => Ok(Query {
            position: selection_set.span.0,
            name: None,
            variable_definitions: Vec::new(),
            directives: Vec::new(),
            selection_set,
        }),
        OperationDefinition::Mutation(_) | OperationDefinition::Subscription(_) => {
            Err("Schema is not configured for this operation.")
        }
    }
}

struct Run<'a> {
    schema: &'a Schema,
    tenant: &'a str,
    world: &'a World,
    fragments: Fragments<'a>,
    variables: Map<String, Value>,
}

impl Run<'_> {
    fn select(
        &self,
        parent: &str,
        object: &Value,
        set: &SelectionSet<'static, String>,
    ) -> Result<Value, String> {
        let mut answer = Map::new();
        self.collect(parent, object, set, &mut answer)?;
        Ok(Value::Object(answer))
    }

    fn collect(
        &self,
        parent: &str,
        object: &Value,
        set: &SelectionSet<'static, String>,
        answer: &mut Map<String, Value>,
    ) -> Result<(), String> {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    let value = self.field(parent, object, field)?;
                    merge(answer.entry(key.clone()).or_insert(Value::Null), value);
                }
                Selection::InlineFragment(it) => {
                    self.collect(parent, object, &it.selection_set, answer)?;
                }
                Selection::FragmentSpread(it) => {
                    let fragment = self.fragments[it.fragment_name.as_str()];
                    self.collect(parent, object, &fragment.selection_set, answer)?;
                }
            }
        }
        Ok(())
    }

    fn field(
        &self,
        parent: &str,
        object: &Value,
        field: &Field<'static, String>,
    ) -> Result<Value, String> {
        if field.name == "__typename" {
            return Ok(parent.into());
        }
        let known = self.schema.field(parent, &field.name).expect("the query was checked");
        if self.world.answers == Answers::ProvenOnly && known.evidence == Evidence::Inferred {
            let required = matches!(known.ty, Ty::NonNullType(_));
            return Ok(if required { false.into() } else { Value::Null });
        }
        let given = field.arguments.iter();
        let given = given.filter_map(|(key, literal)| {
            Some((key.clone(), value::resolve(literal, &self.variables)?))
        });
        let arguments: Map<String, Value> = given.collect();
        let found = match parent {
            "Query" => {
                self.check_filter(&arguments)?;
                self.root(&field.name, &arguments)
            }
            _ => member(object, &field.name),
        };
        let inner = schema::name(&known.ty);
        let found = match found {
            Value::Array(entries) if inner.ends_with("Connection") => {
                connection::page(&entries, &arguments, self.world.page_limit)?
            }
            other => other,
        };
        self.shape(inner, &found, &field.selection_set)
    }

    fn shape(
        &self,
        inner: &str,
        value: &Value,
        set: &SelectionSet<'static, String>,
    ) -> Result<Value, String> {
        match value {
            Value::Array(items) => items.iter().map(|item| self.shape(inner, item, set)).collect(),
            Value::Object(_) if self.schema.object(inner).is_some() => {
                self.select(inner, value, set)
            }
            Value::String(text) if inner == "Datetime" => Ok(text.trim_end_matches('Z').into()),
            other => Ok(other.clone()),
        }
    }

    /// Some tenants do not let orders be filtered by everything.
    fn check_filter(&self, arguments: &Map<String, Value>) -> Result<(), String> {
        let mut fields = arguments.get("filter").and_then(Value::as_object).into_iter().flatten();
        match fields.find(|(name, _)| self.world.refused_filters.contains(name)) {
            None => Ok(()),
            Some((name, _)) => {
                Err(format!("Field \"{name}\" is not defined by type \"OrderFilter\"."))
            }
        }
    }

    fn root(&self, name: &str, arguments: &Map<String, Value>) -> Value {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        match name {
            "order" if text("tenant") == self.tenant => {
                let order = self.world.orders.get(text("id"));
                order.map(|it| self.owned(it)).unwrap_or_default()
            }
            "orders" => {
                let mut orders: Vec<_> =
                    self.world.orders.values().map(|order| self.owned(order)).collect();
                sort(&mut orders, &arguments.get("orderBy").cloned().unwrap_or_default());
                orders.into()
            }
            "orderItems" => {
                let items =
                    self.world.orders.values().filter_map(|order| order["items"].as_array());
                items.flatten().cloned().collect()
            }
            _ => Value::Null,
        }
    }

    /// An order is the tenant's, whatever it says itself.
    fn owned(&self, order: &Value) -> Value {
        let mut order = order.clone();
        order["tenant"] = self.tenant.into();
        order
    }
}

/// A member of an object; the lists that gather others are made up where they are not given.
fn member(object: &Value, name: &str) -> Value {
    let gathered = |account: &Value| {
        let instruments = account["instruments"].as_array().into_iter().flatten();
        let lists = instruments.filter_map(|it| it["paymentAccountTransactions"].as_array());
        Value::Array(lists.flatten().cloned().collect())
    };
    match (object.get(name), name) {
        (Some(value), _) => value.clone(),
        (None, "transactions") => gathered(object),
        (None, "paymentAccountTransactions") => gathered(&object["paymentAccount"]),
        (None, "items" | "discounts" | "instruments" | "addresses" | "extendedAttributes") => {
            Value::Array(Vec::new())
        }
        (None, _) => Value::Null,
    }
}

fn sort(orders: &mut [Value], by: &Value) {
    let by = by.as_str().or_else(|| by[0].as_str()).unwrap_or("NATURAL");
    let fields = BTreeMap::from([
        ("CREATED_AT", "createdAt"),
        ("PLACED_AT", "placedAt"),
        ("UPDATED_AT", "updatedAt"),
    ]);
    let Some((field, direction)) =
        fields.iter().find_map(|(start, field)| Some((field, by.strip_prefix(start)?)))
    else {
        return;
    };
    orders.sort_by_key(|order| order[field].as_str().unwrap_or_default().to_owned());
    if direction == "_DESC" {
        orders.reverse();
    }
}

/// Two selections of one field are one answer with the fields of both.
fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                merge(old.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            old.iter_mut().zip(new).for_each(|(old, new)| merge(old, new));
        }
        (old, new) => *old = new,
    }
}
