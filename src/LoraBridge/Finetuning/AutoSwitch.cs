namespace LoraBridge.Finetuning;

/// <summary>Whether something is done that trades memory for speed.</summary>
public enum AutoSwitch
{
    /// <summary>By the memory that there is.</summary>
    Auto,

    /// <summary>In any case.</summary>
    Always,

    /// <summary>In no case.</summary>
    Never,
}
