namespace LoraBridge.Finetuning;

/// <summary>Whether memory is traded for speed.</summary>
public enum AutoSwitch
{
    /// <summary>Decided by the memory available.</summary>
    Auto,

    /// <summary>Always.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}
