//! Answers a query. apollo-compiler parses it, checks it against the schema, coerces its variables
//! and executes it; the resolvers here read the orders.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use apollo_compiler::{
    ExecutableDocument,
    parser::SourceMap,
    resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue},
    response::{GraphQLError, JsonMap},
    validation::{Valid, WithErrors},
};
use serde_json::{Map, Value, json};

use super::{
    connection,
    schema::{SCHEMA, is_inferred, wrong_scalar},
    state::{Answers, Shared, World},
};

/// What apollo-compiler puts in front of a resolver's error.
const RESOLVER_ERROR: &str = "resolver error: ";

/// The answer to a request body. An answer with `errors` has no `data`, whatever failed.
pub(super) fn answer(shared: &Shared, request: &Value) -> Value {
    match run(shared, request) {
        Ok(data) => json!({ "data": data }),
        Err(errors) => json!({ "errors": errors }),
    }
}

fn run(shared: &Shared, request: &Value) -> Result<Option<JsonMap>, Vec<GraphQLError>> {
    let refuse = |message: &str| vec![GraphQLError::new(message, None, &SourceMap::default())];
    let text = request["query"].as_str().ok_or_else(|| refuse("Must provide query string."))?;
    let variables = serde_json::from_value::<Option<JsonMap>>(request["variables"].clone());
    let variables = variables.map_err(|_| refuse("Variables must be provided as an Object."))?;
    let variables = variables.unwrap_or_default();
    let document = document(text)?;
    let world = shared.world();
    let tenant = TenantData { name: &shared.name, world: &world };
    let root = Object { tenant, type_name: "Query", value: Value::Null };
    let response = Execution::new(&SCHEMA, &document)
        .operation_name(request["operationName"].as_str())
        .and_then(|it| it.raw_variable_values(&variables).execute_sync(&root))
        .map_err(|error| vec![error.to_graphql_error(&document.sources)])?;
    let mut errors = response.errors;
    if errors.is_empty() {
        return Ok(response.data);
    }
    for error in &mut errors {
        if let Some(message) = error.message.strip_prefix(RESOLVER_ERROR) {
            error.message = message.to_owned();
        }
    }
    Err(errors)
}

/// The valid document of a text. Clients send few texts, each of them often, and validation costs
/// more than execution.
fn document(text: &str) -> Result<Arc<Valid<ExecutableDocument>>, Vec<GraphQLError>> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Valid<ExecutableDocument>>>>> =
        LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(document) = known().get(text) {
        return Ok(Arc::clone(document));
    }
    let document = ExecutableDocument::parse_and_validate(&SCHEMA, text, "query.graphql");
    let errors = |invalid: WithErrors<ExecutableDocument>| {
        invalid.errors.iter().map(|it| it.to_json()).collect::<Vec<_>>()
    };
    let document = Arc::new(document.map_err(errors)?);
    known().insert(text.to_owned(), Arc::clone(&document));
    Ok(document)
}

/// What resolvers read from.
#[derive(Clone, Copy)]
struct TenantData<'a> {
    name: &'a str,
    world: &'a World,
}

/// An object of the schema, with its members by the names of the schema.
struct Object<'a> {
    tenant: TenantData<'a>,
    type_name: &'a str,
    value: Value,
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let fail = |message| FieldError { message };
        let field = info.field_definition();
        if self.tenant.world.answers == Answers::ProvenOnly && is_inferred(field) {
            let required = field.ty.is_non_null();
            return Ok(if required { ResolvedValue::leaf(false) } else { ResolvedValue::null() });
        }
        let arguments = arguments(info).map_err(fail)?;
        let found = match self.type_name {
            "Query" => {
                self.tenant.check_filter(&arguments).map_err(fail)?;
                self.tenant.root(info.field_name(), &arguments)
            }
            _ => member(&self.value, info.field_name()),
        };
        let inner = field.ty.inner_named_type().as_str();
        let found = match found {
            Value::Array(entries) if inner.ends_with("Connection") => {
                let limit = self.tenant.world.page_limit;
                connection::page(&entries, &arguments, limit).map_err(fail)?
            }
            other => other,
        };
        Ok(self.tenant.resolved(inner, found))
    }
}

/// The coerced arguments of a field.
fn arguments(info: &ResolveInfo<'_>) -> Result<Map<String, Value>, String> {
    for argument in &info.field_definition().arguments {
        let value = info.arguments().get(argument.name.as_str());
        if let Some((name, value)) = value.and_then(|it| wrong_scalar(&argument.ty, it)) {
            return Err(format!("{name} cannot represent {value}"));
        }
    }
    match serde_json::to_value(info.arguments()) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        other => Err(format!("arguments are no object: {other:?}")),
    }
}

impl<'a> TenantData<'a> {
    /// A value as the executor takes it; `inner` is its type inside lists.
    fn resolved(self, inner: &'a str, value: Value) -> ResolvedValue<'a> {
        match value {
            Value::Array(items) => {
                ResolvedValue::list(items.into_iter().map(move |item| self.resolved(inner, item)))
            }
            Value::Object(_) if SCHEMA.get_object(inner).is_some() => {
                ResolvedValue::object(Object { tenant: self, type_name: inner, value })
            }
            Value::String(text) if inner == "Datetime" => {
                ResolvedValue::leaf(text.trim_end_matches('Z'))
            }
            other => ResolvedValue::leaf(other),
        }
    }

    /// Rejects filters that the tenant does not support.
    fn check_filter(self, arguments: &Map<String, Value>) -> Result<(), String> {
        let mut fields = arguments.get("filter").and_then(Value::as_object).into_iter().flatten();
        match fields.find(|(name, _)| self.world.refused_filters.contains(name)) {
            None => Ok(()),
            Some((name, _)) => {
                Err(format!("Field \"{name}\" is not defined by type \"OrderFilter\"."))
            }
        }
    }

    fn root(self, name: &str, arguments: &Map<String, Value>) -> Value {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        match name {
            "order" if text("tenant") == self.name => {
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

    /// The tenant of an order is always this tenant.
    fn owned(self, order: &Value) -> Value {
        let mut order = order.clone();
        order["tenant"] = self.name.into();
        order
    }
}

/// A member of an object; lists that combine other lists are computed where they are absent.
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
    let by = by[0].as_str().unwrap_or("NATURAL");
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
