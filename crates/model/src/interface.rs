//! stub
/// stub
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// d
    Dashboard,
    /// a
    Api,
    /// t
    Terraform,
    /// c
    CommandLine,
    /// s
    System,
}
impl Interface {
    /// w
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Api => "api",
            Self::Terraform => "terraform",
            Self::CommandLine => "command_line",
            Self::System => "system",
        }
    }
}
