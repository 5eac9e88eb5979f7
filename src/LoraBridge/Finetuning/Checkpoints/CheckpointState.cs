using System.Text.Json.Serialization;
using LoraBridge.Finetuning.Runs;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>
/// What a checkpoint keeps beside its tensors. There is no random state among it: every random choice follows from the seed and the
/// number of the epoch or update.
/// </summary>
internal sealed record CheckpointState
{
    public const int CurrentVersion = 2;

    public required int Version { get; init; }

    /// <summary>Updates made; the position in the data follows from it.</summary>
    public required int Step { get; init; }

    public required RunState Run { get; init; }

    public required CheckpointIdentity Identity { get; init; }

    /// <summary>SHA-256 of the other files, by name.</summary>
    public required SortedDictionary<string, string> Files { get; init; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(CheckpointState))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
