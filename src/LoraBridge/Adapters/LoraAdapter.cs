using System.Globalization;
using LoraBridge.Adapters;
using LoraBridge.Formats;

namespace LoraBridge.Model;

/// <summary>
/// A LoRA adapter in a GGUF file, to be applied to one or several models. Paper: <see href="https://arxiv.org/abs/2106.09685"/>.
/// </summary>
/// <remarks>
/// The object holds no native memory: each model loads the matrices when the adapter is applied to it, and frees them when it is removed.
/// </remarks>
public sealed class LoraAdapter
{
    private LoraAdapterInfo _info;
    private float _scale = 1;

    /// <summary>Reads and checks an adapter file; needs no model.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter.</exception>
    public LoraAdapter(string path)
    {
        _info = new LoraAdapterInfo(AdapterFile.Read(path));
    }

    /// <summary>The full path of the file.</summary>
    public string Path => _info.Path;

    /// <summary>The name of the file without its extension.</summary>
    public string Identifier => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>
    /// How strongly the adapter counts, 1 as trained; below 0 it counts against what it was trained for. May change at any time: the next
    /// token is generated with the new value. 0 turns it off: the results are those without the adapter, bit for bit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is infinite or not a number.</exception>
    public float Scale
    {
        get => Volatile.Read(ref _scale);
        set => Volatile.Write(ref _scale, CheckScale(value, nameof(value)));
    }

    /// <inheritdoc cref="LoraAdapterInfo.Architecture"/>
    public string Architecture => _info.Architecture;

    /// <inheritdoc cref="LoraAdapterInfo.Rank"/>
    public int Rank => _info.Rank;

    /// <inheritdoc cref="LoraAdapterInfo.Alpha"/>
    public float Alpha => _info.Alpha;

    /// <inheritdoc cref="LoraAdapterInfo.TargetModules"/>
    public IReadOnlyList<string> TargetModules => _info.TargetModules;

    /// <inheritdoc cref="LoraAdapterInfo.TensorCount"/>
    public int TensorCount => _info.TensorCount;

    /// <inheritdoc cref="LoraAdapterInfo.Metadata"/>
    public IReadOnlyDictionary<string, string> Metadata => _info.Metadata;

    /// <summary>Reads what an adapter file says about itself; needs no model.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter.</exception>
    public static LoraAdapterInfo Inspect(string path) => new(AdapterFile.Read(path));

    /// <summary>Checks whether a file is a valid adapter; needs no model.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="problems">What is wrong with it; empty when it is valid.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static bool ValidateFormat(string path, out IReadOnlyList<string> problems)
    {
        try
        {
            problems = AdapterFile.Read(path, out _);
        }
        catch (InvalidDataException fault)
        {
            problems = [fault.Message];
        }
        return problems.Count == 0;
    }

    /// <summary>The adapter in readable form: file, rank and scale.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Identifier} (rank {Rank}, scale {Scale})");

    /// <summary>Takes over what the file says when a model loads it: it may have been trained again since the object was made.</summary>
    internal void Refresh(AdapterFile file) => Volatile.Write(ref _info, new LoraAdapterInfo(file));

    internal static float CheckScale(float scale, string name) =>
        float.IsFinite(scale) ? scale : throw new ArgumentOutOfRangeException(name, scale, "The scale of an adapter is a finite number.");
}
