using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>llama_model_kv_override</c>: replaces a metadata value while a model is loaded; an empty key ends an array of them.</summary>
[StructLayout(LayoutKind.Explicit, Size = 264)]
internal unsafe struct LlamaModelKvOverride
{
    [FieldOffset(0)] public LlamaKvOverrideType tag;
    [FieldOffset(4)] public fixed byte key[128];
    [FieldOffset(136)] public long val_i64;
    [FieldOffset(136)] public double val_f64;
    [FieldOffset(136)] public NativeBool val_bool;
    [FieldOffset(136)] public fixed byte val_str[128];
}
