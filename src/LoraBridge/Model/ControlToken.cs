namespace LoraBridge.Model;

/// <summary>A token that stands for no text of its own.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">How it is written out.</param>
/// <param name="StripsLeft">Whether white space before it belongs to it.</param>
/// <param name="StripsRight">Whether white space after it belongs to it.</param>
internal readonly record struct ControlToken(int Id, string Text, bool StripsLeft = false, bool StripsRight = false);
