namespace LoraBridge.Formats;

/// <summary>A tensor of a model and the file that has it.</summary>
/// <param name="File">The file, one of <see cref="SafetensorsModelFiles.Files"/>.</param>
/// <param name="Info">The tensor in that file.</param>
public sealed record SafetensorsModelTensor(SafetensorsFile File, SafetensorsTensorInfo Info)
{
    /// <summary>The name, unique in the model.</summary>
    public string Name => Info.Name;
}
