//! ONNX, so far as a scaler followed by a binary linear classifier needs it: what skl2onnx writes for such a pipeline.
//!
//! Any other graph is refused: nothing is ever half understood.

use std::collections::HashMap;

use prost::Message;

use crate::wire::onnx_proto::{AttributeProto, GraphProto, ModelProto, NodeProto};

/// Domain of the operators for classical models.
const ML_DOMAIN: &str = "ai.onnx.ml";

/// A linear model: the log-odds of the second label against the first are intercept + Σ weight · (x − offset) · scale.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel {
    /// One for each column of the input.
    pub inputs: Vec<LinearInput>,
    /// Log-odds where every scaled input is zero.
    pub intercept: f64,
    /// The two classes, as text.
    pub labels: [String; 2],
    /// The file's own notes.
    pub metadata: HashMap<String, String>,
}

/// One column of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearInput {
    /// What is taken away first.
    pub offset: f64,
    /// What that is multiplied by.
    pub scale: f64,
    /// Weight of the scaled input.
    pub weight: f64,
}

/// Why a file is not such a model.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OnnxFault {
    /// Not protobuf, or cut short.
    #[error("the file is not whole ONNX ({0}): export it again")]
    Unreadable(String),
    /// An operator that is not understood, or not where it was met.
    #[error(
        "the graph has the node {0} where only Scaler, LinearClassifier and what follows them are read: export a pipeline of StandardScaler and LogisticRegression, as 32-bit floats"
    )]
    Node(String),
    /// Nodes that are not a chain.
    #[error("the node {0} does not read what the node before it writes: export one pipeline with one input")]
    Chain(String),
    /// No classifier.
    #[error("the graph has no LinearClassifier: export a pipeline that ends in LogisticRegression")]
    NoClassifier,
    /// Not two classes.
    #[error("the classifier has {0} classes, a head has two: churned or not")]
    Classes(usize),
    /// Another link function, or other coefficients.
    #[error("the classifier's {0}: export a binary LogisticRegression with probabilities")]
    Classifier(&'static str),
}

impl LinearModel {
    /// Reads a file.
    pub fn read(bytes: &[u8]) -> Result<Self, OnnxFault> {
        let file = ModelProto::decode(bytes).map_err(|fault| OnnxFault::Unreadable(fault.to_string()))?;
        let graph = file.graph.ok_or_else(|| OnnxFault::Unreadable("no graph".into()))?;
        let chain = Chain::of(&graph)?;
        let (labels, intercept, weights) = chain.classifier.linear()?;
        let scaler = |name: &str| chain.scaler.map_or(&[][..], |scaler| scaler.floats(name));
        let (offsets, scales) = (scaler("offset"), scaler("scale"));
        if chain.scaler.is_some() && (offsets.len() != weights.len() || scales.len() != weights.len()) {
            return Err(OnnxFault::Classifier("coefficients are not as many as the scaler's columns"));
        }
        let inputs = weights.into_iter().enumerate().map(|(at, weight)| LinearInput {
            offset: offsets.get(at).copied().map_or(0.0, f64::from),
            scale: scales.get(at).copied().map_or(1.0, f64::from),
            weight,
        });
        let metadata = file.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
        Ok(Self { inputs: inputs.collect(), intercept, labels, metadata })
    }
}

/// The two nodes that matter, found in one unbroken chain from the graph's input.
struct Chain<'a> {
    scaler: Option<&'a NodeProto>,
    classifier: &'a NodeProto,
}

impl<'a> Chain<'a> {
    fn of(graph: &'a GraphProto) -> Result<Self, OnnxFault> {
        let mut at = graph.input.first().map_or("", |input| &input.name);
        let (mut scaler, mut classifier): (Option<&NodeProto>, Option<&NodeProto>) = (None, None);
        // What the classifier wrote, and what was only renamed, cast or packed since.
        let mut written: Vec<&str> = Vec::new();
        for node in &graph.node {
            let reads = node.input.first().map_or("", String::as_str);
            match (node.operator(), classifier) {
                ((ML_DOMAIN, "Scaler"), None) if scaler.is_none() => {
                    node.reads(at, graph.input.len())?;
                    at = node.output.first().map_or("", String::as_str);
                    scaler = Some(node);
                }
                ((ML_DOMAIN, "LinearClassifier"), None) => {
                    node.reads(at, graph.input.len())?;
                    written.extend(node.output.iter().map(String::as_str));
                    classifier = Some(node);
                }
                // Two opposite probabilities add up to one, so L1 changes nothing; any other norm would.
                ((ML_DOMAIN, "Normalizer"), Some(_)) if node.text("norm") != Some(b"L1") => {
                    return Err(OnnxFault::Node(node.described()));
                }
                ((ML_DOMAIN, "Normalizer" | "ZipMap") | ("", "Cast" | "Identity"), Some(_)) => {
                    if !written.contains(&reads) {
                        return Err(OnnxFault::Chain(node.described()));
                    }
                    written.extend(node.output.iter().map(String::as_str));
                }
                _ => return Err(OnnxFault::Node(node.described())),
            }
        }
        Ok(Self { scaler, classifier: classifier.ok_or(OnnxFault::NoClassifier)? })
    }
}

impl NodeProto {
    fn operator(&self) -> (&str, &str) {
        let domain = if self.domain == "ai.onnx" { "" } else { &self.domain };
        (domain, &self.op_type)
    }

    fn described(&self) -> String {
        if self.name.is_empty() { self.op_type.clone() } else { format!("{} \"{}\"", self.op_type, self.name) }
    }

    fn reads(&self, tensor: &str, graph_inputs: usize) -> Result<(), OnnxFault> {
        let only = graph_inputs == 1 && matches!(&self.input[..], [input] if input == tensor);
        if only { Ok(()) } else { Err(OnnxFault::Chain(self.described())) }
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|attribute| attribute.name == name)
    }

    fn floats(&self, name: &str) -> &[f32] {
        self.attribute(name).map_or(&[], |attribute| &attribute.floats)
    }

    fn text(&self, name: &str) -> Option<&[u8]> {
        self.attribute(name).map(|attribute| &attribute.s[..])
    }

    /// Labels, and the second one's intercept and weights. With a row of coefficients for each class the rows must be
    /// opposite, for else the probability after normalising would not be a sigmoid of anything linear.
    fn linear(&self) -> Result<([String; 2], f64, Vec<f64>), OnnxFault> {
        let ints = self.attribute("classlabels_ints").map_or(&[][..], |labels| &labels.ints);
        let texts = self.attribute("classlabels_strings").map_or(&[][..], |labels| &labels.strings);
        let labels: Vec<String> = ints
            .iter()
            .map(ToString::to_string)
            .chain(texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()))
            .collect();
        let labels = <[String; 2]>::try_from(labels).map_err(|labels| OnnxFault::Classes(labels.len()))?;
        if self.text("post_transform") != Some(b"LOGISTIC") {
            return Err(OnnxFault::Classifier("post_transform is not LOGISTIC"));
        }
        let (coefficients, intercepts) = (self.floats("coefficients"), self.floats("intercepts"));
        let (first, second) = match intercepts.len() {
            0 | 1 => (&[][..], coefficients),
            2 if coefficients.len() % 2 == 0 => coefficients.split_at(coefficients.len() / 2),
            _ => return Err(OnnxFault::Classifier("intercepts are not one or two")),
        };
        let opposite = |(first, second): (&f32, &f32)| *first == -*second;
        let intercept = match intercepts {
            [first, second] if !opposite((first, second)) => None,
            [.., last] => Some(*last),
            [] => Some(0.0),
        };
        if second.is_empty() {
            return Err(OnnxFault::Classifier("coefficients are missing"));
        }
        match intercept {
            Some(intercept) if first.iter().zip(second).all(opposite) => {
                Ok((labels, f64::from(intercept), second.iter().copied().map(f64::from).collect()))
            }
            Some(_) | None => Err(OnnxFault::Classifier("two rows of coefficients are not opposite")),
        }
    }
}
