namespace LoraBridge.Extensions.AI;

/// <summary>Names for OpenTelemetry.</summary>
public static class LoraBridgeTelemetry
{
    /// <summary>The name of the activity source and of the meter: pass it to <c>AddSource</c> and <c>AddMeter</c>.</summary>
    public const string Name = "LoraBridge";
}
