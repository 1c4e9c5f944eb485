//! Alerts as others' addresses take them: Standard Webhooks, chat robots, upserts of a CRM. A request is made here, never sent.

pub mod told;
pub mod signature;
pub mod chat;
pub mod crm;
pub mod request;
pub mod answer;
pub mod example;
