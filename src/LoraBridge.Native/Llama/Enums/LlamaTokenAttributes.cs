namespace LoraBridge.Native;

/// <summary>Attributes of a token (<c>llama_token_attr</c>).</summary>
[Flags]
internal enum LlamaTokenAttributes
{
    Undefined = 0,
    Unknown = 1 << 0,
    Unused = 1 << 1,
    Normal = 1 << 2,
    Control = 1 << 3,
    UserDefined = 1 << 4,
    Byte = 1 << 5,
    Normalized = 1 << 6,
    Lstrip = 1 << 7,
    Rstrip = 1 << 8,
    SingleWord = 1 << 9,
}
