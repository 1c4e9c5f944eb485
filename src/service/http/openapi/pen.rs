//! What documentation is written with: schemas of the types that are answered, examples of a shop, parameters by name.
//!
//! Invariant: no schema of an answer is written here; each is that of the type that is sent.

use aide::openapi::{Components, Operation, Parameter, ReferenceOr, Response, Responses, SchemaObject, StatusCode};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::service::http::openapi::example::{ExampleShop, shortened};
use crate::service::http::openapi::parts::{plain, response, schema_object};
use crate::service::http::openapi::shared::Shared;
use crate::service::http::problem::{Problem, ProblemDocument};
use crate::service::http::tagged::JSON;
use crate::wire::shapes::schema::written_at;

/// What the token is called among the ways to be let in.
pub const TOKEN: &str = "token";
/// Where schemas stand in the document.
const SCHEMAS: &str = "/components/schemas";

/// The parts of the document so far.
pub struct Pen {
    schemas: SchemaGenerator,
    components: Components,
    shop: Option<ExampleShop>,
}

impl Pen {
    /// With nothing written yet.
    pub fn begin() -> Self {
        let shop = ExampleShop::open();
        let mut pen = Self { schemas: written_at(SCHEMAS), components: Components::default(), shop };
        let problem = pen.schema::<ProblemDocument<'_>>();
        for shared in Shared::ALL {
            let response = shared.response(&problem);
            pen.components.responses.insert(shared.name().to_owned(), ReferenceOr::Item(response));
        }
        pen
    }

    /// The schema of a type, among the others of the document.
    pub fn schema<T: JsonSchema>(&mut self) -> SchemaObject {
        schema_object(self.schemas.subschema_for::<T>())
    }

    /// An answer as JSON, with what the example shop would answer.
    pub fn json<T: JsonSchema>(&mut self, description: &str, example: fn(&ExampleShop) -> Option<Value>) -> Response {
        let schema = self.schema::<T>();
        response(description, JSON, schema, self.example(example))
    }

    /// An answer of plain text.
    pub fn text(&self, description: &str, schema: Value, example: fn(&ExampleShop) -> Option<Value>) -> Response {
        response(description, "text/plain", plain(schema), self.example(example))
    }

    fn example(&self, of: fn(&ExampleShop) -> Option<Value>) -> Option<Value> {
        self.shop.as_ref().and_then(of).map(shortened)
    }

    /// A problem that this operation alone answers.
    pub fn problem(&mut self, operation: &mut Operation, description: &str, problem: &Problem) {
        let (schema, example) = (self.schema::<ProblemDocument<'_>>(), serde_json::to_value(problem.document()).ok());
        let told = ReferenceOr::Item(response(description, "application/problem+json", schema, example));
        let responses = &mut operation.responses.get_or_insert_default().responses;
        responses.insert(StatusCode::Code(problem.status.as_u16()), told);
    }

    /// Parameters, which stand in the document once each.
    pub fn takes(&mut self, parameters: impl IntoIterator<Item = Parameter>) -> Vec<ReferenceOr<Parameter>> {
        let mut refer = |parameter: Parameter| {
            let name = parameter.parameter_data_ref().name.clone();
            let reference = ReferenceOr::ref_(&format!("#/components/parameters/{name}"));
            self.components.parameters.insert(name, ReferenceOr::Item(parameter));
            reference
        };
        parameters.into_iter().map(&mut refer).collect()
    }

    /// What is referred to.
    pub fn components(self) -> Components {
        let Self { mut schemas, mut components, .. } = self;
        let written = schemas.take_definitions(true).into_iter();
        let written = written.filter_map(|(name, schema)| Some((name, schema_object(schema.try_into().ok()?))));
        components.schemas = written.collect();
        components.parameters.sort_unstable_keys();
        components
    }
}

/// An operation that answers `good`, and what is shared with others.
pub fn operation(id: &str, summary: &str, description: &str, good: Response, also: &[Shared]) -> Operation {
    let mut responses = Responses::default();
    responses.responses.insert(StatusCode::Code(200), ReferenceOr::Item(good));
    responses.responses.extend(also.iter().map(|shared| answer(*shared)));
    Operation {
        operation_id: Some(id.to_owned()),
        summary: Some(summary.to_owned()),
        description: (!description.is_empty()).then(|| description.to_owned()),
        responses: Some(responses),
        ..Operation::default()
    }
}

/// The status of a shared answer, and where the document tells of it.
pub fn answer(shared: Shared) -> (StatusCode, ReferenceOr<Response>) {
    let place = format!("#/components/responses/{}", shared.name());
    (StatusCode::Code(shared.status().as_u16()), ReferenceOr::ref_(&place))
}
