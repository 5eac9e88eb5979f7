namespace LoraBridge.Native;

/// <summary>Functions of <see cref="GgmlOp.Unary"/> (<c>ggml_unary_op</c>).</summary>
internal enum GgmlUnaryOp
{
    Abs = 0,
    Sgn = 1,
    Neg = 2,
    Step = 3,
    Tanh = 4,
    Elu = 5,
    Relu = 6,
    Sigmoid = 7,
    Gelu = 8,
    GeluQuick = 9,
    Silu = 10,
    Hardswish = 11,
    Hardsigmoid = 12,
    Exp = 13,
    Expm1 = 14,
    Softplus = 15,
    GeluErf = 16,
    Xielu = 17,
    Floor = 18,
    Ceil = 19,
    Round = 20,
    Trunc = 21,
}
