//! A model as an ONNX graph: 45 features in, both heads' probabilities out, in 64-bit floats and operators of the standard
//! alone, so that any runtime scores as the service does.

use prost::Message;

use crate::engine::rfm::features::{FEATURE_TABLE, FEATURES};
use crate::engine::scoring::logistic::{CLIP, Head};
use crate::engine::scoring::model::Model;
use crate::wire::onnx_proto::{
    AttributeProto, DataType, DimensionProto, GraphProto, Length, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Version of the format: that of ONNX 1.9, which every runtime of today reads.
const IR_VERSION: i64 = 7;
/// Version of the operators: the first in which `Clip` and `Max` take 64-bit floats and whole numbers alike.
const OPSET: i64 = 13;
/// An attribute that is one whole number.
const INT: i32 = 2;

/// The file. The input `features` has a row a customer and a column a feature, in the order of the note `features`; the
/// outputs `silence` and `forward` have one column.
pub fn onnx(model: &Model) -> Vec<u8> {
    let mut graph = GraphProto {
        name: "churnwatch".into(),
        input: vec![matrix("features", FEATURES as i64, "the features of docs/models.md")],
        ..GraphProto::default()
    };
    for (name, head, meaning) in [
        ("silence", &model.silence, "P(this silence will exceed the horizon), where it is below it"),
        ("forward", &model.forward, "P(no purchase within the horizon)"),
    ] {
        add(&mut graph, name, head);
        graph.output.push(matrix(name, 1, meaning));
    }
    let names: Vec<&str> = FEATURE_TABLE.iter().map(|(name, ..)| *name).collect();
    let note = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
    let file = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "churnwatch".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: format!("churnwatch model {}", model.version),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: vec![
            note("model", model.version.clone()),
            note("horizon_days", model.horizon_days().to_string()),
            note("thresholds", model.thresholds.map(|threshold| threshold.to_string()).join(",")),
            note("features", names.join(",")),
        ],
    };
    file.encode_to_vec()
}

/// Gather, standardise, clip, dot, calibrate, sigmoid: as `Head::score` does.
fn add(graph: &mut GraphProto, name: &str, head: &Head) {
    let columns = &head.columns;
    let count = columns.len() as i64;
    let values = |value: fn(&crate::engine::scoring::logistic::Column) -> f64| columns.iter().map(value).collect();
    let positions = columns.iter().map(|column| column.feature as i64).collect();
    let part = |what: &str| format!("{name}_{what}");
    graph.initializer.extend([
        TensorProto {
            dims: vec![count],
            data_type: DataType::Int64 as i32,
            int64_data: positions,
            name: part("columns"),
            double_data: Vec::new(),
        },
        doubles(part("mean"), vec![count], values(|column| column.mean)),
        doubles(part("deviation"), vec![count], values(|column| column.deviation)),
        doubles(part("low"), vec![], vec![-CLIP]),
        doubles(part("high"), vec![], vec![CLIP]),
        doubles(part("weights"), vec![count, 1], values(|column| column.weight)),
        doubles(part("intercept"), vec![1], vec![head.intercept]),
        doubles(part("slope"), vec![1], vec![head.slope]),
        doubles(part("offset"), vec![1], vec![head.offset]),
    ]);
    let axis = AttributeProto { name: "axis".into(), i: 1, r#type: INT, ..AttributeProto::default() };
    let mut last = "features".to_owned();
    let steps: [(&str, &[&str]); 8] = [
        ("Gather", &["columns"]),
        ("Sub", &["mean"]),
        ("Div", &["deviation"]),
        ("Clip", &["low", "high"]),
        ("MatMul", &["weights"]),
        ("Add", &["intercept"]),
        ("Mul", &["slope"]),
        ("Add", &["offset"]),
    ];
    for (at, (operator, constants)) in steps.into_iter().enumerate() {
        let output = part(&format!("step{at}"));
        graph.node.push(NodeProto {
            input: std::iter::once(last).chain(constants.iter().map(|constant| part(constant))).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: operator.into(),
            attribute: if operator == "Gather" { vec![axis.clone()] } else { Vec::new() },
            domain: String::new(),
        });
        last = output;
    }
    graph.node.push(NodeProto {
        input: vec![last],
        output: vec![name.into()],
        name: part("sigmoid"),
        op_type: "Sigmoid".into(),
        ..NodeProto::default()
    });
}

fn doubles(name: String, dims: Vec<i64>, double_data: Vec<f64>) -> TensorProto {
    TensorProto { dims, data_type: DataType::Double as i32, int64_data: Vec::new(), name, double_data }
}

/// A row a customer.
fn matrix(name: &str, columns: i64, meaning: &str) -> ValueInfoProto {
    let dimension = |value| DimensionProto { value: Some(value) };
    let dim = vec![dimension(Length::Param("customers".into())), dimension(Length::Value(columns))];
    let tensor = TensorTypeProto { elem_type: DataType::Double as i32, shape: Some(TensorShapeProto { dim }) };
    let r#type = Some(TypeProto { tensor_type: Some(tensor) });
    ValueInfoProto { name: name.into(), r#type, doc_string: meaning.into() }
}
