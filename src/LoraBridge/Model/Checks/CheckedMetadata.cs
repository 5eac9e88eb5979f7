using System.Globalization;
using LoraBridge.Formats;

namespace LoraBridge.Model.Checks;

/// <summary>Reads the hyperparameters of one model by their suffix, and makes the exceptions that say which is wrong.</summary>
internal sealed class CheckedMetadata(GgufModelFiles files)
{
    private readonly string _path = files.Files[0].Path;

    internal GgufModelFiles Files => files;

    internal GgufMetadata Values => files.Metadata;

    internal string Architecture { get; } = files.Metadata.GetString("general.architecture");

    internal InvalidDataException Fault(string problem) => new($"{_path}: {problem}");

    internal InvalidDataException Fault(string suffix, string found, string expected) =>
        Fault($"{Values.ArchitectureKey(suffix)} is {found}, expected {expected}");

    /// <summary>An integer, or null when the key is missing.</summary>
    internal long? Integer(string suffix) => Values.TryGetInt64(Values.ArchitectureKey(suffix), out var value) ? value : null;

    /// <summary>An integer within a range; <paramref name="missing"/> when the key is missing.</summary>
    internal long Integer(string suffix, long minimum, long maximum, long? missing = null)
    {
        var value = Integer(suffix) ?? missing ?? throw Fault($"metadata key '{Values.ArchitectureKey(suffix)}' is missing");
        return value >= minimum && value <= maximum
            ? value
            : throw Fault(suffix, value.ToString(CultureInfo.InvariantCulture), $"{minimum} to {maximum}");
    }

    /// <summary>An integer for all layers, or one for each; null when the key is missing.</summary>
    internal long[]? PerLayer(string suffix, long layers)
    {
        var key = Values.ArchitectureKey(suffix);
        if (!Values.TryGet(key, out var value))
            return null;
        if (value.TryGetInt64(out var single))
            return [single];
        if (!value.TryGetInt64Array(out var each))
            throw Fault(suffix, value.TypeName, "an integer, or one for each layer");
        return each.Length >= layers ? each[..(int)layers] : throw Fault(suffix, $"{each.Length} numbers", $"{layers}, one for each layer");
    }

    /// <summary>A finite number that is not negative, or null when the key is missing.</summary>
    internal float? NotNegative(string suffix)
    {
        if (!Values.TryGetFloat32(Values.ArchitectureKey(suffix), out var value))
            return null;
        return float.IsFinite(value) && value >= 0
            ? value
            : throw Fault(suffix, value.ToString(CultureInfo.InvariantCulture), "a finite number that is not negative");
    }
}
